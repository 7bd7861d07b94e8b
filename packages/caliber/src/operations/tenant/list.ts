import { z } from 'zod'
import { operation } from '../operation.ts'
import { cutPage, page, pageAfter, pageLimit } from '../schema.ts'
import { ownTenant, tenant } from './entity.ts'

export const listTenants = operation({
  name: 'tenant.list',
  http: 'GET /v1/tenants',
  summary: 'List the tenants of this installation, oldest first.',
  example: { limit: 20 },
  input: z.strictObject({ limit: pageLimit, after: pageAfter('tenant') }),
  output: page(tenant),
  effect: 'operate',
  needs: 'operate',
  mcp: false,
  idempotent: true,

  async run({ tenantIds, inTenant }, { limit, after }) {
    const ids = await tenantIds(after, limit + 1)
    const items: z.infer<typeof tenant>[] = []
    for (const tenantId of ids) items.push(await inTenant(tenantId, ({ sql }) => ownTenant(sql)))
    return cutPage(items, limit, (row) => row.tenantId)
  },
})
