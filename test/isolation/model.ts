/**
 * Who may read and write which region: the table of migration 0010, written down a second time.
 *
 * On purpose nothing of the product is used here: what the walls do is compared with this, in both directions.
 */
export interface Viewer {
  readonly tenantId: string
  readonly principalId: string
  readonly rights: readonly string[]
  /** The only regions that the credential opens. */
  readonly regions?: readonly string[] | undefined
}

export interface RegionFacts {
  readonly tenantId: string
  readonly regionId: string
  readonly kind: string
  readonly ownerId: string | null
  readonly writeRule: string
  readonly grants: Readonly<Record<string, string>>
}

export function mayRead(viewer: Viewer, region: RegionFacts): boolean {
  if (!isOpened(viewer, region)) return false
  if (region.ownerId === viewer.principalId) return true
  if (region.kind === 'private') return false
  if (region.kind === 'team') return viewer.principalId in region.grants
  return true
}

/** Leaving out whether the lock of a region that wants one is held. */
export function mayWrite(viewer: Viewer, region: RegionFacts): boolean {
  if (!isOpened(viewer, region)) return false
  if (region.ownerId === viewer.principalId || region.kind === 'collaborative') return true
  return region.kind !== 'private' && region.grants[viewer.principalId] === 'write'
}

function isOpened(viewer: Viewer, { tenantId, regionId }: RegionFacts): boolean {
  return viewer.tenantId === tenantId && (viewer.regions === undefined || viewer.regions.includes(regionId))
}
