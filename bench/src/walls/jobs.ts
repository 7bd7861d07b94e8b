import type { Tier } from '../tier.ts'
import type { Wall } from './walls.ts'

/** Time the operations on a new database of which only some walls stand. */
export interface WallsJob {
  readonly tier: Tier
  readonly dataDir: string
  readonly standing: readonly Wall[]
  /** `locked`: into a region that may only be written under its lock, holding the lease. `free`: into the common one. */
  readonly region: 'free' | 'locked'
}

/** Milliseconds, the median of a process's samples. */
export interface Timed {
  /** note.record */
  readonly write: number
  /** note.get */
  readonly get: number
  /** note.list, a page of ten */
  readonly list: number
}
