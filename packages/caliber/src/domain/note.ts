import type { NoteId, PrincipalId, RegionId, TrajectoryId } from './ids.ts'
import type { ItemKind } from './itemKind.ts'
import type { State } from './states.ts'

export const noteTypes = [
  'fact',
  'preference',
  'instruction',
  'convention',
  'decision',
  'procedure',
  'strategy',
  'gotcha',
  'relationship',
  'insight',
  'correction',
] as const
export type NoteType = (typeof noteTypes)[number]

/** Types that hold for whatever is asked, so they stand in every context. */
export const standingTypes: ReadonlySet<NoteType> = new Set(['preference', 'instruction', 'convention'])

/** How far from what was said: raw knowledge, a summary of it, a principle drawn from summaries. */
export const noteLevels = ['raw', 'summary', 'principle'] as const
export type NoteLevel = (typeof noteLevels)[number]

export interface Source {
  readonly kind: ItemKind
  readonly id: string
}

/** Lasting knowledge. Superseded or retracted, never edited. */
export interface Note {
  readonly noteId: NoteId
  readonly regionId: RegionId
  readonly trajectoryId: TrajectoryId | null
  readonly type: NoteType
  readonly subject: string
  readonly content: string
  readonly level: NoteLevel
  /** 0..1 */
  readonly confidence: number
  /** 0..1: how far where it comes from is trusted, at most as far as its sources. */
  readonly trust: number
  readonly pinned: boolean
  /** World time: from when it holds. */
  readonly validFrom: string | null
  /** World time: until when it holds, exclusive. */
  readonly validUntil: string | null
  readonly sources: readonly Source[]
  readonly tokenCount: number
  /** SHA-256 of the content's UTF-8, lower-case hex, computed by the database. */
  readonly digest: string
  readonly status: State<'note'>
  readonly supersededBy: NoteId | null
  readonly reason: string | null
  readonly version: number
  readonly recordedBy: PrincipalId
  /** System time: when we learned it. */
  readonly recordedAt: string
}
