/**
 * Take a compact JWS (RFC 7515 §7.1) apart, or refuse it, before any library sees it.
 *
 * A token has one spelling here. Libraries are more lenient: jose 6.2.17 ignores spaces and padding in base64url, which
 * Wycheproof calls invalid. And a token names no key of its own: what it brings along to be verified with is not looked at.
 */
import { limits } from '../domain/limits.ts'
import { readJsonObject } from './strictJson.ts'
import { tokenRefused } from './tokenRefused.ts'

export interface CompactJws {
  readonly text: string
  readonly algorithm: string
  readonly keyId: string
  /** The media type the token claims to be of, as written. */
  readonly type: string | undefined
  /** Not verified yet. */
  readonly payload: Uint8Array
}

/** @throws CaliberError `unauthenticated` */
export function readCompactJws(text: string): CompactJws {
  if (text.length > limits.tokenChars) throw tokenRefused('longer than the limit')
  const parts = text.split('.')
  const [header = '', payload = ''] = parts
  if (parts.length !== 3 || !parts.every(isCanonical)) throw tokenRefused('not three parts of canonical base64url')
  return { text, ...readHeader(decoded(header)), payload: decoded(payload) }
}

/** Header parameters that change how, or with which key, a token is verified. None is known here, so none is obeyed. */
const forbidden = ['crit', 'b64', 'zip', 'jku', 'jwk', 'x5u', 'x5c'] as const

function readHeader(octets: Uint8Array): Pick<CompactJws, 'algorithm' | 'keyId' | 'type'> {
  let header: Record<string, unknown>
  try {
    header = readJsonObject(octets)
  } catch (error) {
    throw tokenRefused('the header cannot be read', error)
  }
  const found = forbidden.find((name) => Object.hasOwn(header, name))
  if (found !== undefined) throw tokenRefused(`the header has ${found}`)
  const { alg: algorithm, kid: keyId, typ: type } = header
  if (typeof algorithm !== 'string' || typeof keyId !== 'string') throw tokenRefused('the header lacks alg or kid')
  if (type !== undefined && typeof type !== 'string') throw tokenRefused('typ is no text')
  return { algorithm, keyId, type }
}

/** One spelling per octet string: the alphabet alone, no padding, unused bits zero. */
function isCanonical(part: string): boolean {
  return /^[A-Za-z0-9_-]*$/.test(part) && Buffer.from(part, 'base64url').toString('base64url') === part
}

function decoded(part: string): Uint8Array {
  return Buffer.from(part, 'base64url')
}
