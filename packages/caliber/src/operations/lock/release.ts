import { z } from 'zod'
import { only } from '../only.ts'
import { operation } from '../operation.ts'
import { held } from './entity.ts'

export const releaseLock = operation({
  name: 'lock.release',
  http: 'POST /v1/locks/release',
  summary: 'Release a lease. One that has ended already is released, which is said.',
  example: { regionId: '01890a5d-ac96-774b-bcce-b302099a8057', fence: 1 },
  input: z.strictObject(held),
  output: z.strictObject({ released: z.boolean().describe('false: it had ended, or was not yours.') }),
  effect: 'write',
  needs: 'write',
  mcp: true,
  idempotent: true,

  async run({ sql, emit }, { regionId, resource, fence }) {
    const { until } = only(
      await sql<{ until: string | null }>`select caliber.renew_lock(${regionId}, ${resource}, ${fence}, 0) as until`,
    )
    if (until === null) return { released: false }
    emit({ kind: 'lock.released', subjectId: regionId, regionId, data: { resource, fence } })
    return { released: true }
  },
})
