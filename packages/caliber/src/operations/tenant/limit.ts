import { z } from 'zod'
import { operation } from '../operation.ts'
import { id } from '../schema.ts'
import { most, ownTenant, tenant } from './entity.ts'

export const limitTenant = operation({
  name: 'tenant.limit',
  http: 'POST /v1/tenants/{tenantId}/limits',
  summary: 'Set how much a tenant may store. What is stored stays; a write beyond the limit is refused.',
  example: { tenantId: '01890a5d-ac96-774b-bcce-b302099a8057', maxItems: 100_000, maxBytes: 1_000_000_000 },
  input: z.strictObject({ tenantId: id('tenant'), maxItems: most('items'), maxBytes: most('octets of content') }),
  output: tenant,
  effect: 'operate',
  needs: 'operate',
  mcp: false,
  idempotent: true,

  run: ({ inTenant }, { tenantId, maxItems, maxBytes }) =>
    inTenant(tenantId, async ({ sql, emit }) => {
      await sql`
        update caliber.tenant
        set max_items = case when ${maxItems === undefined} then max_items else ${maxItems ?? null}::bigint end,
            max_bytes = case when ${maxBytes === undefined} then max_bytes else ${maxBytes ?? null}::bigint end
        where tenant_id = caliber.current_tenant()`
      const limited = await ownTenant(sql)
      const data = { maxItems: limited.maxItems, maxBytes: limited.maxBytes }
      emit({ kind: 'tenant.limited', subjectId: tenantId, regionId: null, data })
      return limited
    }),
})
