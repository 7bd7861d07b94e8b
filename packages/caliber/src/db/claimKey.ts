/**
 * The key that a server signs its claims with, and the signature: HMAC-SHA-256 (RFC 2104).
 *
 * The database holds the key's two pads where the application role cannot read them (migration 0008), so whoever gets
 * SQL past us as that role can repeat the claims of its own transaction, and make none. Any number of keys may be
 * installed: one per server, or two while one replaces the other.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto'
import { CaliberError } from '../domain/errors.ts'
import type { Claims } from './session.ts'
import type { Database } from './sql.ts'

/** 32 octets, and the name that claims call them by. */
export interface ClaimKey {
  /** The first 16 hex digits of the key's SHA-256: tells keys apart and says nothing of them. */
  readonly id: string
  readonly octets: Uint8Array
}

export const claimKeyBytes = 32

export function claimKeyOf(octets: Uint8Array): ClaimKey {
  return { id: createHash('sha256').update(octets).digest('hex').slice(0, 16), octets }
}

export function newClaimKey(): ClaimKey {
  return claimKeyOf(randomBytes(claimKeyBytes))
}

/** How long claims hold: longer than any statement may run, short enough that a leaked text is soon worth nothing. */
const holdsSeconds = 300

/** The text of `caliber.claims`, as migration 0008 describes it. */
export function signClaims({ id, octets }: ClaimKey, claims: Claims, nowMs: number): string {
  const { tenantId, principalId, reach = 'own' } = claims
  const regions = reach === 'own' ? '' : reach === 'all' ? 'all' : reach.join(',')
  const said = `${tenantId}.${principalId}.${regions}.${Math.ceil(nowMs / 1000) + holdsSeconds}.${id}`
  return `${said}.${createHmac('sha256', octets).update(said).digest('hex')}`
}

/** Let the database verify what `key` signs. The connecting role must be able to act as the owner. Idempotent. */
export async function installClaimKey(database: Database, { id, octets }: ClaimKey): Promise<void> {
  await database.script(`
    select set_config('role', 'caliber_owner', true);
    insert into caliber_private.claim_key (id, inner_pad, outer_pad)
    values ('${id}', '\\x${padded(octets, 0x36)}', '\\x${padded(octets, 0x5c)}') on conflict do nothing`)
}

/** Let a role act as the application. @throws CaliberError `invalid_input` for a name that is none */
export async function grantServing(database: Database, role: string): Promise<void> {
  if (!/^[a-z_][a-z0-9_$]{0,62}$/i.test(role)) {
    throw new CaliberError('invalid_input', 'The name of a role is letters, digits and underscores. Check --app-role.')
  }
  await database.script(`grant caliber_app to "${role}"`)
}

/** The key, filled up to SHA-256's block of 64 octets, combined with a pad of RFC 2104. Hex. */
function padded(octets: Uint8Array, pad: number): string {
  return Buffer.from(Array.from({ length: 64 }, (_, i) => (octets[i] ?? 0) ^ pad)).toString('hex')
}
