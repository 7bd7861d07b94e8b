/** The window for a request over a tenant's memory: candidates, assembly, and the name by which it can be explained. */
import { assembleWindow } from '../../domain/context/assemble.ts'
import { divisionOf, type SectionName } from '../../domain/context/sections.ts'
import type { KeptWindow, WindowRequest } from '../../domain/context/window.ts'
import type { RegionId } from '../../domain/ids.ts'
import type { MemoryView } from '../memoryView.ts'
import type { Near } from '../tenantMemory.ts'
import { textDigest } from '../textDigest.ts'
import type { QuestionVectors } from '../vector/vectorSpace.ts'
import { candidatesFor } from './sectionSources.ts'

interface Instruments {
  readonly tokenizer: string
  countTokens(text: string): number
  readonly at: Date
  /** The vectors of what is searched for. */
  readonly vectors: QuestionVectors
  /** What lies near it, where that was asked of the database. */
  readonly near?: Near | undefined
  /** What is tried out. */
  readonly variation?: Variation | undefined
}

/** What differs from the window that a request gets. */
export interface Variation {
  /** Items that are no candidates. */
  readonly without: ReadonlySet<string>
  /** Shares of sections instead of the usual ones. */
  readonly shares: Readonly<Partial<Record<SectionName, number>>>
}

/**
 * Assemble a window. Equal memory, vectors, request and validity give an equal window with an equal id: the id is the SHA-256
 * of everything in it but the clock.
 *
 * @returns the window, and the regions of all that it names
 * @throws CaliberError `budget_too_small`, `not_found`
 */
export function contextWindow(
  request: WindowRequest,
  memory: MemoryView,
  { tokenizer, countTokens, at, vectors, near, variation }: Instruments,
): { readonly window: KeptWindow; readonly regions: ReadonlySet<RegionId> } {
  const candidates = candidatesFor({ request, memory, vectors, near, nowMs: at.getTime(), without: variation?.without })
  const usual = divisionOf(request)
  const window = assembleWindow(request, {
    candidates,
    eventSeq: memory.seq,
    at: at.toISOString(),
    tokenizer,
    semantic: memory.basisOf(vectors, near),
    division: { ...usual, shares: { ...usual.shares, ...variation?.shares } },
    countTokens,
  })
  const named = { ...window, receipt: { ...window.receipt, at: null } }
  const windowId = textDigest(JSON.stringify(named))
  const asked = [
    ...(request.scopeId === null ? [] : [memory.scope(request.scopeId).regionId]),
    ...(request.trajectoryId === null ? [] : [memory.regionOfTrajectory(request.trajectoryId)]),
  ]
  return {
    window: { windowId, ...window },
    regions: new Set([...asked, ...candidates.map(({ item }) => item.regionId)]),
  }
}
