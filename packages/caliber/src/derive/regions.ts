/**
 * Who may read which region: what lets a memory answer without asking the database.
 *
 * The rule is the database's (0010_region.sql); `regions.pg.test.ts` compares the two over random grants.
 */
import type { PrincipalId, RegionId, TenantId } from '../domain/ids.ts'
import type { Principal } from '../domain/principal.ts'
import { mayRead, type RegionKind } from '../domain/region.ts'
import { commonRegionOf } from '../domain/tenant.ts'

/** A region as far as reading it goes. */
export interface ReadableRegion {
  readonly regionId: RegionId
  readonly kind: RegionKind
  readonly ownerId: PrincipalId | null
  /** Principals that are granted something. */
  readonly grantees: readonly PrincipalId[]
}

export class Regions {
  readonly #regions = new Map<RegionId, ReadableRegion>()

  /** Every tenant has its common region, which nobody creates. */
  constructor(tenantId: TenantId) {
    this.put({ regionId: commonRegionOf(tenantId), kind: 'collaborative', ownerId: null, grantees: [] })
  }

  /** Hold a region as it is now. */
  put(region: ReadableRegion): void {
    this.#regions.set(region.regionId, region)
  }

  /** The regions that a credential opens for reading. */
  readableBy({ principalId, regions }: Pick<Principal, 'principalId' | 'regions'>): ReadonlySet<RegionId> {
    const readable = new Set<RegionId>()
    for (const [regionId, { kind, ownerId, grantees }] of this.#regions) {
      if (regions && !regions.includes(regionId)) continue
      if (mayRead({ kind, ownerId, grantsTo: (id) => grantees.includes(id) }, principalId)) readable.add(regionId)
    }
    return readable
  }
}
