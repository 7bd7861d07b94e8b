import { z } from 'zod'
import { operation } from '../operation.ts'
import { id } from '../schema.ts'
import { ownTenant, tenant } from './entity.ts'

export const resumeTenant = operation({
  name: 'tenant.resume',
  http: 'POST /v1/tenants/{tenantId}/resume',
  summary: 'Resume a suspended tenant: its credentials are accepted again.',
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
        update caliber.tenant set suspended_at = null
        where tenant_id = caliber.current_tenant() and suspended_at is not null returning 1`
      if (changed.length > 0) emit({ kind: 'tenant.resumed', subjectId: tenantId, regionId: null, data: {} })
      return ownTenant(sql)
    }),
})
