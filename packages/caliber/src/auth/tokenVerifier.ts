/**
 * Judge tokens (JWT) of the configured issuers, per RFC 8725.
 *
 * In this order, and the first doubt ends it: form (compactJws.ts), issuer, key and its one algorithm (keySet.ts), signature
 * (verifyJws.ts), claims (checkClaims.ts). Before the signature is verified, the token decides nothing but which of the
 * configured issuers is asked.
 */
import { createHash } from 'node:crypto'
import { checkClaims } from './checkClaims.ts'
import { type CompactJws, readCompactJws } from './compactJws.ts'
import type { AuthConfiguration, IssuerConfiguration } from './configuration.ts'
import { type KeySource, keySourceOf } from './keySource.ts'
import { readJsonObject } from './strictJson.ts'
import { tokenRefused } from './tokenRefused.ts'
import type { VerifiedToken } from './verifiedToken.ts'
import { verifyJws } from './verifyJws.ts'

/** @throws CaliberError `unauthenticated` for every wrong token, `unavailable` while an issuer's keys cannot be had */
export type TokenVerifier = (token: string) => Promise<VerifiedToken>

/** A key that its issuer withdrew is trusted at most this much longer than it stays in the key source. */
const trustedMs = 60_000
const tokensTrusted = 1_000

export function createTokenVerifier({ issuers }: AuthConfiguration, now: () => Date): TokenVerifier {
  const known = new Map(issuers.map((issuer) => [issuer.issuer, { issuer, keys: keySourceOf(issuer, now) }]))
  const verified = new Map<string, { readonly token: VerifiedToken; readonly untilMs: number }>()

  return async (text) => {
    const nowMs = now().getTime()
    const digest = createHash('sha256').update(text).digest('base64')
    const trusted = verified.get(digest)
    if (trusted && nowMs < trusted.untilMs) return trusted.token

    const jws = readCompactJws(text)
    const payload = payloadOf(jws)
    const from = typeof payload['iss'] === 'string' ? known.get(payload['iss']) : undefined
    if (!from) throw tokenRefused('its issuer is not configured')
    const token = await verify(jws, payload, from, nowMs)

    verified.delete(digest)
    const [oldest] = verified.keys()
    if (oldest !== undefined && verified.size >= tokensTrusted) verified.delete(oldest)
    verified.set(digest, { token, untilMs: Math.min(nowMs + trustedMs, token.expiresAtMs) })
    return token
  }
}

interface KnownIssuer {
  readonly issuer: IssuerConfiguration
  readonly keys: KeySource
}

async function verify(
  jws: CompactJws,
  payload: Readonly<Record<string, unknown>>,
  { issuer, keys }: KnownIssuer,
  nowMs: number,
): Promise<VerifiedToken> {
  const key = await keys.find(jws.keyId)
  if (!key) throw tokenRefused('its issuer has no such key')
  await verifyJws(jws, key)
  return checkClaims(payload, jws, issuer, nowMs)
}

function payloadOf({ payload }: CompactJws): Record<string, unknown> {
  try {
    return readJsonObject(payload)
  } catch (error) {
    throw tokenRefused('the payload cannot be read', error)
  }
}
