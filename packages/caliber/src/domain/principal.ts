import type { PrincipalId, TenantId } from './ids.ts'

export const rights = ['read', 'write', 'admin'] as const
export type Right = (typeof rights)[number]

/** Who asks: exactly one per request, and it comes from the credential alone. */
export interface Principal {
  readonly tenantId: TenantId
  readonly principalId: PrincipalId
  readonly rights: readonly Right[]
}
