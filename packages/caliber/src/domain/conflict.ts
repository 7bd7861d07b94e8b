import type { ConflictId, NoteId, RegionId } from './ids.ts'
import type { State } from './states.ts'

/** Ways to end a conflict. */
export const strategies = [
  'last_write',
  'first_write',
  'highest_confidence',
  'merge',
  'reject_both',
  'keep_both',
  'escalate',
] as const
export type Strategy = (typeof strategies)[number]

/** Two notes about one subject that cannot both hold. */
export interface Conflict {
  readonly conflictId: ConflictId
  readonly regionId: RegionId
  readonly olderId: NoteId
  readonly newerId: NoteId
  /** What the judge said. */
  readonly finding: string
  readonly status: State<'conflict'>
  /** Null while it is open, and where one of its notes ended by itself. */
  readonly strategy: Exclude<Strategy, 'escalate'> | null
  readonly reason: string | null
  readonly version: number
  readonly foundAt: string
  readonly resolvedAt: string | null
}
