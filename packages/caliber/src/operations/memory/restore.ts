import { z } from 'zod'
import { notFound } from '../../domain/notFound.ts'
import { commonRegionOf } from '../../domain/tenant.ts'
import { operation } from '../operation.ts'
import { id } from '../schema.ts'

export const restoreMemory = operation({
  name: 'memory.restore',
  http: 'POST /v1/memory/restore',
  summary: 'Take a distrust back: what it alone had set aside is there again, as if it had never been away.',
  example: { distrustId: '01890a5d-ac96-774b-bcce-b302099a8057' },
  input: z.strictObject({ distrustId: id('distrust') }),
  output: z.strictObject({ items: z.int().describe('Items that it had set aside; others may still do.') }),
  effect: 'write',
  needs: 'admin',
  reach: 'tenant',
  mcp: false,
  idempotent: false,

  async run({ sql, emit, principal }, { distrustId }) {
    const [found] = await sql`
      select 1 from caliber.distrust where tenant_id = caliber.current_tenant() and id = ${distrustId}`
    if (!found) throw notFound('distrust', distrustId)
    const regions = await sql<{ regionId: string; items: number }>`
      select region_id as "regionId", items from caliber.trust_again(${distrustId})`
    const told = regions.length > 0 ? regions : [{ regionId: commonRegionOf(principal.tenantId), items: 0 }]
    for (const { regionId, items } of told) {
      emit({ kind: 'memory.restored', subjectId: distrustId, regionId, data: { items } })
    }
    return { items: regions.reduce((sum, { items }) => sum + items, 0) }
  },
})
