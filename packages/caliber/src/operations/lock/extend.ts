import { z } from 'zod'
import { only } from '../only.ts'
import { operation } from '../operation.ts'
import { held, lapsed, ttlMs } from './entity.ts'

export const extendLock = operation({
  name: 'lock.extend',
  http: 'POST /v1/locks/extend',
  summary: 'Let a lease last longer, from now. A lease that has ended cannot be extended.',
  example: { regionId: '01890a5d-ac96-774b-bcce-b302099a8057', fence: 1, ttlMs: 30_000 },
  input: z.strictObject({ ...held, ttlMs }),
  output: z.strictObject({ until: z.string() }),
  effect: 'write',
  needs: 'write',
  mcp: true,
  idempotent: true,

  async run({ sql, emit }, { regionId, resource, fence, ttlMs }) {
    const { until } = only(
      await sql<{
        until: string | null
      }>`select caliber.renew_lock(${regionId}, ${resource}, ${fence}, ${ttlMs}) as until`,
    )
    if (until === null) throw lapsed(regionId, resource, fence)
    emit({ kind: 'lock.extended', subjectId: regionId, regionId, data: { resource, fence } })
    return { until }
  },
})
