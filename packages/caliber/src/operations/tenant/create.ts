import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { writeKey } from '../../domain/apiKey.ts'
import { operation } from '../operation.ts'
import { id, text } from '../schema.ts'
import { most, mostModelTokens, ownTenant, tenant } from './entity.ts'
import { limitTenant } from './limit.ts'

export const createTenant = operation({
  name: 'tenant.create',
  http: 'POST /v1/tenants',
  summary: 'Create a tenant with an administrator and its first key, which is shown this once.',
  example: { name: 'Acme', maxItems: 1_000_000 },
  input: z.strictObject({
    name: text(200),
    maxItems: most('items'),
    maxBytes: most('octets of content'),
    modelTokensPerDay: mostModelTokens,
  }),
  output: z.strictObject({ tenant, principalId: id('administrator'), keyId: id('key'), key: z.string() }),
  effect: 'operate',
  needs: 'operate',
  mcp: false,
  idempotent: false,

  async run(context, { name, ...most }) {
    const { newId, bootstrap, inTenant } = context
    const [tenantId, principalId, keyId] = [newId(), newId(), newId()]
    const secret = randomBytes(32).toString('base64url')
    await bootstrap({ tenantId, principalId, keyId, secret, name })
    const limited = Object.values(most).some((limit) => limit !== undefined)
    const created = limited
      ? await limitTenant.run(context, { tenantId, ...most })
      : await inTenant(tenantId, ({ sql }) => ownTenant(sql))
    return { tenant: created, principalId, keyId, key: writeKey({ tenantId, keyId, secret }) }
  },
})
