import type { TenantId } from '../domain/ids.ts'
import type { Right } from '../domain/principal.ts'

/** What a token says, once it is proven that its issuer said so, to us, and still stands by it. */
export interface VerifiedToken {
  readonly issuer: string
  /** Unique within the issuer alone. */
  readonly subject: string
  readonly tenantId: TenantId
  /** The most this token may be used for; what its principal may do can be less. */
  readonly rights: readonly Right[]
  readonly expiresAtMs: number
}
