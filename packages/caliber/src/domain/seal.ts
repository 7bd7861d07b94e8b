import type { TenantId } from './ids.ts'

/** The head of a tenant's log as it was at a moment, kept and signed outside the database. */
export interface Seal {
  readonly tenantId: TenantId
  readonly seq: number
  /** Hash of that entry, lower-case hex. */
  readonly hash: string
  readonly at: string
}

export interface SealedLog {
  readonly seals: readonly Seal[]
  /** What is wrong with the seals themselves: a forged signature, a line that is missing. */
  readonly faults: readonly string[]
}

/** Where seals are kept. Whoever can rewrite the database must not be able to write here. */
export interface Seals {
  /** The tenant's seals from before a moment, oldest first. @param before ISO-8601 */
  of(tenantId: TenantId, before: string): Promise<SealedLog>
  /** Keep seals, on disk when this resolves. */
  append(seals: readonly Seal[]): Promise<void>
}
