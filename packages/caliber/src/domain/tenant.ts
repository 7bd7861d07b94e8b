import type { PrincipalId, RegionId, TenantId } from './ids.ts'

/** The region for what names none: collaborative, free, and called like its tenant (0010_region.sql). */
export function commonRegionOf(tenantId: TenantId): RegionId {
  return `${tenantId}`
}

/** The principal as which the server and its operator act in a tenant (0009_principal.sql). */
export function operatorOf(tenantId: TenantId): PrincipalId {
  return `${tenantId}`
}
