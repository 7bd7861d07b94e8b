import type { PrincipalId, RegionId } from './ids.ts'

/**
 * Who reads and writes: `private` its owner; `team` its owner and whom it grants; `public` is read by everybody and
 * written like a team's; `collaborative` is read and written by everybody. Everybody is every principal of the tenant.
 */
export const regionKinds = ['private', 'team', 'public', 'collaborative'] as const
export type RegionKind = (typeof regionKinds)[number]

/** `free`: whoever may write, writes. `lock`: only with the fence of the region's lock. */
export const writeRules = ['free', 'lock'] as const
export type WriteRule = (typeof writeRules)[number]

/** What a grant gives; `write` includes reading. */
export const accesses = ['read', 'write'] as const

/** A shared area with grants and a write rule. Every item of the memory lives in one. */
export interface Region {
  readonly regionId: RegionId
  readonly name: string
  readonly kind: RegionKind
  readonly writeRule: WriteRule
  /** Null for the tenant's common region. */
  readonly ownerId: PrincipalId | null
  readonly createdAt: string
}

/** What decides whether a principal may read a region. */
export interface Readership {
  readonly kind: RegionKind
  readonly ownerId: PrincipalId | null
  /** Whether the region grants something to a principal. */
  grantsTo(principalId: PrincipalId): boolean
}

/** The rule of 0010_region.sql for reading, for memories that answer without asking the database. */
export function mayRead({ kind, ownerId, grantsTo }: Readership, principalId: PrincipalId): boolean {
  if (kind === 'public' || kind === 'collaborative' || ownerId === principalId) return true
  return kind === 'team' && grantsTo(principalId)
}
