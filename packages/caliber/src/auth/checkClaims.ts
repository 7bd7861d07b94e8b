/** What a token must say, and to whom, before anybody believes it (RFC 7519, RFC 8725 §3.8–3.11, RFC 9068 §4). */
import { z } from 'zod'
import { limits } from '../domain/limits.ts'
import type { CompactJws } from './compactJws.ts'
import type { IssuerConfiguration } from './configuration.ts'
import { rightsIn } from './scopes.ts'
import { tokenRefused } from './tokenRefused.ts'
import type { VerifiedToken } from './verifiedToken.ts'

/** How far the issuer's clock may be from ours. */
const skewSeconds = 60

/** Up to the last second that a Date can hold: JSON has larger numbers, and 1e999 would never expire. */
const seconds = z.number().nonnegative().max(8.64e12)

const Claims = z.looseObject({
  sub: z.string().min(1).max(limits.nameChars),
  aud: z.union([z.string(), z.array(z.string()).min(1)]),
  exp: seconds,
  nbf: seconds.optional(),
  iat: seconds.optional(),
  scope: z.string().default(''),
})

/**
 * Check the claims of a token that was verified with a key of the issuer that its `iss` names.
 *
 * @throws CaliberError `unauthenticated`
 */
export function checkClaims(
  payload: Readonly<Record<string, unknown>>,
  { type }: CompactJws,
  { issuer, audience, types, tenantClaim }: IssuerConfiguration,
  nowMs: number,
): VerifiedToken {
  const parsed = Claims.safeParse(payload)
  if (!parsed.success) throw tokenRefused('a claim is missing or of the wrong form', parsed.error)
  const { sub, aud, exp, nbf, iat, scope, [tenantClaim]: tenant } = parsed.data
  const nowSeconds = nowMs / 1000

  const typeName = type?.toLowerCase().replace(/^application\//, '')
  if (!types.some((accepted) => accepted.toLowerCase() === typeName)) throw tokenRefused('its typ is not accepted')
  if (![aud].flat().includes(audience)) throw tokenRefused('aud does not contain this server')
  if (exp <= nowSeconds - skewSeconds) throw tokenRefused('expired')
  if (nbf !== undefined && nbf > nowSeconds + skewSeconds) throw tokenRefused('not valid yet')
  if (iat !== undefined && (iat > nowSeconds + skewSeconds || iat > exp)) throw tokenRefused('iat lies ahead')
  const tenantId = TenantClaim.safeParse(tenant)
  if (!tenantId.success) throw tokenRefused(`the claim ${tenantClaim} is no tenant id`)

  return { issuer, subject: sub, tenantId: tenantId.data, rights: rightsIn(scope), expiresAtMs: exp * 1000 }
}

/** In the spelling of the database, so that a tenant has one name. */
const TenantClaim = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
