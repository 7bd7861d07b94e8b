import type { Principal } from '../domain/principal.ts'
import { tokenRefused } from './tokenRefused.ts'
import type { TokenVerifier } from './tokenVerifier.ts'
import type { VerifiedToken } from './verifiedToken.ts'

/** Whom of a tenant an issuer means by a subject. */
export type Identify = (token: VerifiedToken) => Promise<Principal | undefined>

/**
 * Make principals of tokens.
 *
 * A token only narrows: what it may be used for is at most what its principal may do.
 *
 * @returns throws CaliberError `unauthenticated` for a wrong token and for an unknown subject, in the same words
 */
export function tokenAuthentication(verify: TokenVerifier, identify: Identify): (text: string) => Promise<Principal> {
  return async (text) => {
    const token = await verify(text)
    const principal = await identify(token)
    if (principal?.tenantId !== token.tenantId) throw tokenRefused('nobody of its tenant has its issuer and subject')
    return { ...principal, rights: principal.rights.filter((right) => token.rights.includes(right)) }
  }
}
