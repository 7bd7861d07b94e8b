/**
 * Who may issue tokens for this server: one JSON file, read once at the start.
 *
 * It holds no secrets. It decides who gets in, so whoever may write it may do anything.
 */
import { z } from 'zod'
import { CaliberError } from '../domain/errors.ts'
import { inputIssues } from '../domain/inputIssues.ts'
import { limits } from '../domain/limits.ts'
import { isLoopback } from '../domain/loopback.ts'
import { type Algorithm, algorithmNames } from './algorithms.ts'
import { type KeySet, readKeySet } from './keySet.ts'
import { readJsonObject } from './strictJson.ts'

/** Reached over TLS, or on this machine. */
const address = z
  .string()
  .max(limits.nameChars)
  .refine((url) => !/[\s#]/.test(url) && URL.canParse(url) && isTrustworthy(new URL(url)), {
    error: 'must be an https URL without user and fragment (http for a loopback address only)',
  })
/** A URL that is compared as text. */
const identifier = address.refine((url) => !url.includes('?'), { error: 'must have no query' })

const Issuer = z
  .strictObject({
    issuer: identifier,
    audience: z.string().min(1).max(limits.nameChars).optional(),
    jwks: z.unknown().optional(),
    jwksUrl: address.optional(),
    algorithms: z.array(z.enum(algorithmNames)).min(1),
    types: z
      .array(z.enum(['at+jwt', 'JWT']))
      .min(1)
      .default(['at+jwt']),
    tenantClaim: z.string().min(1).max(limits.nameChars).default('caliber_tenant'),
  })
  .refine(({ jwks, jwksUrl }) => (jwks === undefined) !== (jwksUrl === undefined), {
    error: 'needs its keys: either jwks or jwksUrl',
  })

const AuthFile = z.strictObject({
  resource: identifier,
  issuers: z.array(Issuer).min(1).max(20),
})

export interface IssuerConfiguration {
  /** As it stands in `iss`, letter by letter. */
  readonly issuer: string
  /** What `aud` must contain. */
  readonly audience: string
  readonly keys: { readonly given: KeySet } | { readonly url: URL }
  readonly algorithms: readonly Algorithm[]
  /** What `typ` may say. */
  readonly types: readonly ('at+jwt' | 'JWT')[]
  /** The claim that names the tenant. */
  readonly tenantClaim: string
}

export interface AuthConfiguration {
  /** Identifier of this server (RFC 8707, RFC 9728): the URL by which its clients know it. */
  readonly resource: string
  readonly issuers: readonly IssuerConfiguration[]
}

/**
 * Read what stands in the file.
 *
 * @param file its name, for messages
 * @throws CaliberError `invalid_input` listing what is wrong
 */
export function readAuthConfiguration(source: string | Uint8Array, file: string): AuthConfiguration {
  const parsed = AuthFile.safeParse(objectIn(source, file))
  if (!parsed.success) {
    const issues = inputIssues(parsed.error.issues)
    throw refused(file, issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; '), {
      issues,
    })
  }
  const { resource, issuers } = parsed.data
  const names = issuers.map(({ issuer }) => issuer)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw refused(file, `the issuer ${twice} stands in it twice`)
  return {
    resource,
    issuers: issuers.map(({ jwks, jwksUrl, audience, ...issuer }) => ({
      ...issuer,
      audience: audience ?? resource,
      keys: jwksUrl === undefined ? { given: keysIn(jwks, issuer, file) } : { url: new URL(jwksUrl) },
    })),
  }
}

function keysIn(jwks: unknown, { issuer, algorithms }: z.infer<typeof Issuer>, file: string): KeySet {
  try {
    return readKeySet(jwks, algorithms)
  } catch (error) {
    throw refused(file, `${issuer}: ${messageOf(error)}`, { issuer }, error)
  }
}

function objectIn(source: string | Uint8Array, file: string): Record<string, unknown> {
  try {
    return readJsonObject(source)
  } catch (error) {
    throw refused(file, messageOf(error), {}, error)
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function isTrustworthy({ protocol, hostname, username, password }: URL): boolean {
  return username + password === '' && (protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname)))
}

function refused(file: string, what: string, detail: Record<string, unknown> = {}, cause?: unknown): CaliberError {
  return new CaliberError('invalid_input', `${file}: ${what}. Correct the file and start again.`, detail, cause)
}
