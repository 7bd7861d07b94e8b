import type { KeyId, PrincipalId, RegionId, TenantId } from './ids.ts'

/**
 * What a credential may do: read, write, administer its tenant (principals, keys, regions of others), or operate the
 * installation (tenants and their limits).
 */
export const rights = ['read', 'write', 'admin', 'operate'] as const
export type Right = (typeof rights)[number]

/** Rights that a tenant's own principals may have; operating belongs to the installation. */
export const tenantRights = ['read', 'write', 'admin'] as const satisfies readonly Right[]

/** `key` is a program known by nothing but its key; `operator` stands for whoever operates the installation. */
export const principalKinds = ['agent', 'user', 'key', 'operator'] as const

/** Who asks: exactly one per request, and it comes from the credential alone. */
export interface Principal {
  readonly tenantId: TenantId
  readonly principalId: PrincipalId
  readonly rights: readonly Right[]
  /** The API key it showed; absent for a token or a process on this machine. */
  readonly keyId?: KeyId | undefined
  /** The only regions that the credential opens; absent where it is not narrowed. */
  readonly regions?: readonly RegionId[] | undefined
  /** When the credential ends; absent where it does not. What is made from it ends no later. */
  readonly expiresAt?: string | undefined
}
