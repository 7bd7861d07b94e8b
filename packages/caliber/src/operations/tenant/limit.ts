import { z } from 'zod'
import { operation } from '../operation.ts'
import { id } from '../schema.ts'
import { most, mostModelTokens, ownTenant, tenant } from './entity.ts'

export const limitTenant = operation({
  name: 'tenant.limit',
  http: 'POST /v1/tenants/{tenantId}/limits',
  summary:
    'Set how much a tenant may store, and how much models may be asked for it. What is stored stays; a write beyond the limit is refused.',
  example: { tenantId: '01890a5d-ac96-774b-bcce-b302099a8057', maxItems: 100_000, modelTokensPerDay: 2_000_000 },
  input: z.strictObject({
    tenantId: id('tenant'),
    maxItems: most('items'),
    maxBytes: most('octets of content'),
    modelTokensPerDay: mostModelTokens,
  }),
  output: tenant,
  effect: 'operate',
  needs: 'operate',
  mcp: false,
  idempotent: true,

  run: ({ inTenant }, { tenantId, maxItems, maxBytes, modelTokensPerDay: tokens }) =>
    inTenant(tenantId, async ({ sql, emit }) => {
      await sql`
        update caliber.tenant
        set max_items = case when ${maxItems === undefined} then max_items else ${maxItems ?? null}::bigint end,
            max_bytes = case when ${maxBytes === undefined} then max_bytes else ${maxBytes ?? null}::bigint end,
            model_tokens_per_day =
              case when ${tokens === undefined} then model_tokens_per_day else ${tokens ?? null}::bigint end
        where tenant_id = caliber.current_tenant()`
      const limited = await ownTenant(sql)
      const { modelTokensPerDay } = limited
      const data = { maxItems: limited.maxItems, maxBytes: limited.maxBytes, modelTokensPerDay }
      emit({ kind: 'tenant.limited', subjectId: tenantId, regionId: null, data })
      return limited
    }),
})
