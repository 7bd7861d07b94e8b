import { z } from 'zod'
import { operation } from '../operation.ts'
import { id } from '../schema.ts'
import { ownTenant, tenant } from './entity.ts'

export const suspendTenant = operation({
  name: 'tenant.suspend',
  http: 'POST /v1/tenants/{tenantId}/suspend',
  summary: 'Suspend a tenant: no credential of it is accepted until it is resumed. Nothing is deleted.',
  example: { tenantId: '01890a5d-ac96-774b-bcce-b302099a8057' },
  input: z.strictObject({ tenantId: id('tenant') }),
  output: tenant,
  effect: 'operate',
  needs: 'operate',
  mcp: false,
  idempotent: true,

  run: ({ inTenant }, { tenantId }) =>
    inTenant(tenantId, async ({ sql, emit }) => {
      const changed = await sql`
        update caliber.tenant set suspended_at = clock_timestamp()
        where tenant_id = caliber.current_tenant() and suspended_at is null returning 1`
      if (changed.length > 0) emit({ kind: 'tenant.suspended', subjectId: tenantId, regionId: null, data: {} })
      return ownTenant(sql)
    }),
})
