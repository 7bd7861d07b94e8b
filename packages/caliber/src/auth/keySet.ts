/**
 * The keys of an issuer, from its JWK Set (RFC 7517): each with an id and exactly one algorithm (RFC 8725 §3.1).
 *
 * Keys for something else (encryption, an unknown type, an algorithm that is not allowed) are passed over, as the RFC
 * asks. A set that shows a private or shared key, or two keys under one id, is refused whole.
 */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { z } from 'zod'
import { CaliberError } from '../domain/errors.ts'
import { type Algorithm, algorithms, isAlgorithm } from './algorithms.ts'

export interface VerificationKey {
  readonly algorithm: string
  readonly key: KeyObject
}

/** By key id. */
export type KeySet = ReadonlyMap<string, VerificationKey>

/** Present in every private or shared key, and in no public one. */
const secret = z
  .never('A private or shared key stands in it: replace that key, and publish public ones only')
  .exactOptional()

const Jwk = z.object({
  kty: z.string(),
  kid: z.string().exactOptional(),
  alg: z.string().exactOptional(),
  use: z.string().exactOptional(),
  key_ops: z.array(z.string()).exactOptional(),
  crv: z.string().exactOptional(),
  n: z.string().exactOptional(),
  e: z.string().exactOptional(),
  x: z.string().exactOptional(),
  y: z.string().exactOptional(),
  d: secret,
  k: secret,
  priv: secret,
})
type Jwk = z.infer<typeof Jwk>

const JwkSet = z.object({ keys: z.array(Jwk).max(100) })

/**
 * Read a JWK Set.
 *
 * @param allowed the algorithms pinned for the issuer
 * @throws CaliberError `invalid_input`
 */
export function readKeySet(jwks: unknown, allowed: readonly Algorithm[]): KeySet {
  const parsed = JwkSet.safeParse(jwks)
  if (!parsed.success) throw refused(parsed.error.issues[0]?.message ?? 'It is no JWK Set')
  const keys = new Map<string, VerificationKey>()
  for (const jwk of parsed.data.keys) {
    const key = usableKey(jwk, allowed)
    if (!key || jwk.kid === undefined) continue
    if (keys.has(jwk.kid)) throw refused('Two keys have one id (kid)')
    keys.set(jwk.kid, key)
  }
  if (keys.size === 0) throw refused(`No key in it has an id (kid) and is for ${allowed.join(', ')}`)
  return keys
}

function usableKey(jwk: Jwk, allowed: readonly Algorithm[]): VerificationKey | undefined {
  if ((jwk.use ?? 'sig') !== 'sig' || !(jwk.key_ops ?? ['verify']).includes('verify')) return undefined
  const algorithm = algorithmOf(jwk, allowed)
  const key = algorithm && importedKey(jwk)
  return key && isStrong(key) ? { algorithm, key } : undefined
}

/** What the key says, or the only allowed algorithm that its type fits; with a choice left there is none. */
function algorithmOf({ alg, kty, crv }: Jwk, allowed: readonly Algorithm[]): Algorithm | undefined {
  const fitting = allowed.filter((name) => {
    const needed: { readonly kty: string; readonly crv?: string } = algorithms[name]
    return needed.kty === kty && (needed.crv === undefined || needed.crv === crv)
  })
  if (alg !== undefined) return isAlgorithm(alg) && fitting.includes(alg) ? alg : undefined
  return fitting.length === 1 ? fitting[0] : undefined
}

function importedKey(jwk: Jwk): KeyObject | undefined {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' })
  } catch {
    // Not a point on its curve, or no number: such a key verifies nothing.
    return undefined
  }
}

/** RSA as in FIPS 186-5: 2048 bits or more, and an odd public exponent above 2^16. Curves are strong by their name. */
function isStrong({ asymmetricKeyDetails }: KeyObject): boolean {
  const { modulusLength, publicExponent } = asymmetricKeyDetails ?? {}
  if (modulusLength === undefined || publicExponent === undefined) return true
  return modulusLength >= 2048 && publicExponent > 65_536n && publicExponent % 2n === 1n
}

function refused(what: string): CaliberError {
  return new CaliberError('invalid_input', `The key set of an issuer cannot be used. ${what}.`)
}
