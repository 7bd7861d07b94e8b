/**
 * Make a tenant with one principal and one API key, and check keys.
 *
 * No operation of the registry: it happens before there is a credential to ask with. The embedded database does it by
 * itself for its local tenant; on a server `caliber bootstrap` does.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { appendEvents } from '../../db/eventLog.ts'
import { inSession } from '../../db/session.ts'
import { bytes, type Database, texts } from '../../db/sql.ts'
import { type KeyParts, readKey } from '../../domain/apiKey.ts'
import { CaliberError } from '../../domain/errors.ts'
import { type Principal, type Right, rights } from '../../domain/principal.ts'

export interface NewTenant extends KeyParts {
  readonly principalId: string
  readonly name: string
}

/** Store a tenant whose ids and secret the caller made. Doing it again with the same ids changes nothing. */
export async function bootstrapTenant(database: Database, tenant: NewTenant): Promise<void> {
  const { tenantId, principalId, keyId, secret, name } = tenant
  await inSession(database, { tenantId, principalId }, async (sql) => {
    const created = await sql`
      insert into caliber.tenant (tenant_id, name) values (${tenantId}, ${name}) on conflict do nothing returning tenant_id`
    if (created.length === 0) return
    await sql`insert into caliber.event_head (tenant_id, seq) values (${tenantId}, 0)`
    await sql`
      insert into caliber.principal (tenant_id, id, kind, name) values (${tenantId}, ${principalId}, 'user', ${name})`
    await sql`
      insert into caliber.api_key (tenant_id, id, principal_id, secret_digest, rights)
      values (${tenantId}, ${keyId}, ${principalId}, ${bytes(digestOf(secret))}, ${texts(rights)})`
    await appendEvents(sql, [{ kind: 'tenant.created', subjectId: tenantId, data: {} }])
  })
}

/**
 * The principal that a key stands for.
 *
 * The key names its tenant; that claim opens that tenant's rows alone, and only the matching secret makes it true.
 *
 * @throws CaliberError `unauthenticated`, the same for every kind of wrong key
 */
export async function authenticate(database: Database, key: string): Promise<Principal> {
  const parts = readKey(key)
  if (!parts) throw refused()
  const { tenantId, keyId, secret } = parts
  const [stored] = await inSession(
    database,
    { tenantId, principalId: keyId },
    (sql) => sql<{ principalId: string; digest: Uint8Array; rights: Right[] }>`
      select principal_id as "principalId", secret_digest as digest, rights from caliber.api_key
      where tenant_id = caliber.current_tenant() and id = ${keyId} and revoked_at is null
        and (expires_at is null or expires_at > clock_timestamp())`,
    { readOnly: true },
  )
  // Compare even where there is no row: both answers take the same time.
  const same = timingSafeEqual(digestOf(secret), stored?.digest ?? digestOf(''))
  if (!stored || !same) throw refused()
  return { tenantId, principalId: stored.principalId, rights: stored.rights }
}

function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

function refused(): CaliberError {
  return new CaliberError('unauthenticated', 'The API key is not valid. Check it, or make a new one.')
}
