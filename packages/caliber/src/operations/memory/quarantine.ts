import { z } from 'zod'
import { limits } from '../../domain/limits.ts'
import { operation } from '../operation.ts'
import { id } from '../schema.ts'

export const listQuarantine = operation({
  name: 'memory.quarantine',
  http: 'GET /v1/memory/quarantine',
  summary: 'Say what is set aside and why: of one item, or the newest that you may read.',
  example: { itemId: '01890a5d-ac96-774b-bcce-b302099a8057' },
  input: z.strictObject({ itemId: id('turn, artifact or note').optional() }),
  output: z.strictObject({
    items: z
      .array(
        z.strictObject({
          itemId: z.uuid(),
          regionId: id('region'),
          distrustId: id('distrust'),
          reason: z.string(),
          revokedBy: z.uuid(),
          revokedAt: z.string(),
        }),
      )
      .describe(`At most ${limits.pageItems}.`),
  }),
  effect: 'read',
  needs: 'read',
  mcp: false,
  idempotent: true,

  async run({ sql }, { itemId }) {
    return {
      items: await sql<{
        itemId: string
        regionId: string
        distrustId: string
        reason: string
        revokedBy: string
        revokedAt: string
      }>`
        select q.item_id as "itemId", q.region_id as "regionId", d.id as "distrustId", d.reason,
               d.revoked_by as "revokedBy", d.revoked_at as "revokedAt"
        from caliber.quarantine q join caliber.distrust d on d.tenant_id = q.tenant_id and d.id = q.distrust_id
        where q.tenant_id = caliber.current_tenant() and (${itemId ?? null}::uuid is null or q.item_id = ${itemId ?? null})
        order by d.id desc, q.item_id limit ${limits.pageItems}`,
    }
  },
})
