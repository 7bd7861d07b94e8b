/**
 * Who may read which region, as the event log says: the fold that lets a memory answer without asking the database.
 *
 * The rule is the database's (0010_region.sql); `regions.pg.test.ts` compares the two over random grants.
 */
import type { Event } from '../domain/event.ts'
import type { PrincipalId, RegionId, TenantId } from '../domain/ids.ts'
import type { Principal } from '../domain/principal.ts'
import { mayRead, type RegionKind } from '../domain/region.ts'
import { commonRegionOf } from '../domain/tenant.ts'

interface Held {
  readonly kind: RegionKind
  readonly ownerId: PrincipalId | null
  readonly grantees: Set<PrincipalId>
}

export class Regions {
  readonly #regions: Map<RegionId, Held>

  /** Every tenant has its common region, which nobody creates. */
  constructor(tenantId: TenantId) {
    this.#regions = new Map([[commonRegionOf(tenantId), { kind: 'collaborative', ownerId: null, grantees: new Set() }]])
  }

  apply({ kind, subjectId, data }: Event): void {
    if (kind === 'region.created') {
      const { kind, ownerId } = data as unknown as Pick<Held, 'kind' | 'ownerId'>
      this.#regions.set(subjectId, { kind, ownerId, grantees: new Set() })
    }
    const grantees = this.#regions.get(subjectId)?.grantees
    if (kind === 'region.granted') grantees?.add(String(data['principalId']))
    if (kind === 'region.revoked') grantees?.delete(String(data['principalId']))
  }

  /** The regions that a credential opens for reading. */
  readableBy({ principalId, regions }: Pick<Principal, 'principalId' | 'regions'>): ReadonlySet<RegionId> {
    const readable = new Set<RegionId>()
    for (const [regionId, { kind, ownerId, grantees }] of this.#regions) {
      if (regions && !regions.includes(regionId)) continue
      if (mayRead({ kind, ownerId, grantsTo: (id) => grantees.has(id) }, principalId)) readable.add(regionId)
    }
    return readable
  }
}
