/**
 * Make a tenant with its first principal and key.
 *
 * A process makes its local tenant by itself, before there is a credential to ask with; `tenant.create` makes others.
 */
import { appendEvents } from '../../db/eventLog.ts'
import type { Sessions } from '../../db/session.ts'
import { bytes, texts } from '../../db/sql.ts'
import type { KeyParts } from '../../domain/apiKey.ts'
import { type Right, tenantRights } from '../../domain/principal.ts'
import { commonRegionOf, operatorOf } from '../../domain/tenant.ts'
import { secretDigest } from '../key/secretDigest.ts'

export interface NewTenant extends KeyParts {
  readonly principalId: string
  readonly name: string
  /** Of the first principal and its key. Default: all that a tenant's own may have. */
  readonly rights?: readonly Right[] | undefined
}

/** Store a tenant whose ids and secret the caller made. Doing it again with the same ids changes nothing. */
export async function bootstrapTenant(sessions: Sessions, tenant: NewTenant): Promise<void> {
  const { tenantId, principalId, keyId, secret, name, rights = tenantRights } = tenant
  await sessions.run({ tenantId, principalId, reach: 'all' }, async (sql) => {
    const created = await sql`
      insert into caliber.tenant (tenant_id, name) values (${tenantId}, ${name}) on conflict do nothing returning tenant_id`
    if (created.length === 0) return
    await sql`
      insert into caliber.principal (tenant_id, id, kind, name, rights)
      values (${tenantId}, ${operatorOf(tenantId)}, 'operator', 'operator', '{}'),
             (${tenantId}, ${principalId}, 'user', ${name}, ${texts(rights)})`
    await sql`
      insert into caliber.region (tenant_id, id, name, kind, write_rule)
      values (${tenantId}, ${commonRegionOf(tenantId)}, 'common', 'collaborative', 'free')`
    await sql`
      insert into caliber.api_key (tenant_id, id, principal_id, secret_digest, rights)
      values (${tenantId}, ${keyId}, ${principalId}, ${bytes(secretDigest(secret))}, ${texts(rights)})`
    await appendEvents(sql, [{ kind: 'tenant.created', subjectId: tenantId, regionId: null, data: {} }])
  })
}
