import { timingSafeEqual } from 'node:crypto'
import type { Sessions } from '../../db/session.ts'
import { readKey } from '../../domain/apiKey.ts'
import { CaliberError } from '../../domain/errors.ts'
import type { Principal, Right } from '../../domain/principal.ts'
import { secretDigest } from './secretDigest.ts'

/**
 * The principal that an API key stands for.
 *
 * The key names its tenant and itself; that claim opens its own row alone, and only the matching secret makes it true.
 *
 * @throws CaliberError `unauthenticated`, the same for every kind of wrong key; `forbidden` for a suspended tenant
 */
export async function authenticate(sessions: Sessions, key: string): Promise<Principal> {
  const parts = readKey(key)
  if (!parts) throw refused()
  const { tenantId, keyId, secret } = parts
  const [stored] = await sessions.run(
    { tenantId, principalId: keyId },
    (sql) => sql<Stored>`
      select k.principal_id as "principalId", k.secret_digest as digest, k.rights, k.regions, k.expires_at as "expiresAt",
             p.rights as bounds, t.suspended_at is not null as suspended
      from caliber.api_key k
      join caliber.principal p on p.tenant_id = k.tenant_id and p.id = k.principal_id
      join caliber.tenant t on t.tenant_id = k.tenant_id
      where k.tenant_id = caliber.current_tenant() and k.id = ${keyId} and k.revoked_at is null
        and (k.expires_at is null or k.expires_at > clock_timestamp()) and p.disabled_at is null`,
    { readOnly: true },
  )
  // Compare even where there is no row: both answers take the same time.
  const same = timingSafeEqual(secretDigest(secret), stored?.digest ?? secretDigest(''))
  if (!stored || !same) throw refused()
  if (stored.suspended) throw suspended()
  const { principalId, rights, bounds, regions, expiresAt } = stored
  return {
    tenantId,
    principalId,
    keyId,
    rights: rights.filter((right) => bounds.includes(right)),
    ...(regions && { regions }),
    ...(expiresAt !== null && { expiresAt }),
  }
}

interface Stored {
  readonly principalId: string
  readonly digest: Uint8Array
  readonly rights: readonly Right[]
  readonly bounds: readonly Right[]
  readonly regions: readonly string[] | null
  readonly expiresAt: string | null
  readonly suspended: boolean
}

function refused(): CaliberError {
  return new CaliberError('unauthenticated', 'The API key is not valid. Check it, or make a new one.')
}

/** Said to whoever showed a valid credential, and to nobody else. */
export function suspended(): CaliberError {
  return new CaliberError('forbidden', 'The tenant is suspended. Ask the operator of this installation.')
}
