/** The window for a request over a tenant's memory: candidates, assembly, and the name by which it can be explained. */
import { assembleWindow } from '../../domain/context/assemble.ts'
import { divisionOf, type SectionName } from '../../domain/context/sections.ts'
import type { TokenCounter } from '../../domain/context/tokenCounter.ts'
import type { Candidate, KeptWindow, SemanticBasis, WindowRequest } from '../../domain/context/window.ts'
import type { RegionId } from '../../domain/ids.ts'
import type { MemoryView } from '../memoryView.ts'
import type { Near } from '../tenantMemory.ts'
import { textDigest } from '../textDigest.ts'
import type { QuestionVectors } from '../vector/vectorSpace.ts'
import { candidatesFor, type Proposal } from './sectionSources.ts'
import { type Summaries, type WantedSummaries, wantedSummaries } from './wantedSummaries.ts'

export interface Instruments {
  readonly tokenizer: TokenCounter
  readonly at: Date
  /** The vectors of what is searched for. */
  readonly vectors: QuestionVectors
  /** What lies near it, where that was asked of the database. */
  readonly near?: Near | undefined
  /** What is tried out. */
  readonly variation?: Variation | undefined
  /** Of the same request and memory: what it wanted in short. */
  readonly summaries?: Summaries | undefined
  /** Of the same request and memory, if it was looked for already. */
  readonly proposed?: Proposed | undefined
}

/** What differs from the window that a request gets. */
export interface Variation {
  /** Items that are no candidates. */
  readonly without: ReadonlySet<string>
  /** Shares of sections instead of the usual ones. */
  readonly shares: Readonly<Partial<Record<SectionName, number>>>
}

/** The candidates of a window, and what the search for them stood on. */
interface Proposed {
  readonly candidates: readonly Proposal[]
  readonly semantic: SemanticBasis | undefined
}

/** A window, and what else follows from its request. */
export interface Assembled {
  readonly window: KeptWindow
  /** The regions of all that it names. */
  readonly regions: ReadonlySet<RegionId>
  readonly proposed: Proposed
  readonly wanted: WantedSummaries
}

/**
 * Assemble a window. Equal memory, vectors, summaries, request and validity give an equal window with an equal id: the id is
 * the SHA-256 of everything in it but the clock.
 *
 * @throws CaliberError `budget_too_small`, `not_found`
 */
export function contextWindow(
  request: WindowRequest,
  memory: MemoryView,
  { tokenizer, at, vectors, near, variation, summaries, ...earlier }: Instruments,
): Assembled {
  const asked = { request, memory, vectors, near, nowMs: at.getTime(), without: variation?.without }
  const proposed = earlier.proposed ?? { candidates: candidatesFor(asked), semantic: memory.basisOf(vectors, near) }
  const { candidates, semantic } = proposed
  const usual = divisionOf(request)
  const { receipt, ...content } = assembleWindow(request, {
    candidates: summaries ? withSummaries(candidates, summaries, asked.without) : candidates,
    eventSeq: memory.seq,
    at: at.toISOString(),
    tokenizer,
    semantic,
    division: { ...usual, shares: { ...usual.shares, ...variation?.shares } },
  })
  const found = wantedSummaries(asked, candidates, receipt.verdicts)
  const wanted = summaries ? { ...found, briefs: summaries.wanted.briefs } : found
  const coverage = summaries ? 'full' : 'off'
  const isWanting = wanted.earlier !== null || wanted.briefs.length > 0
  const window = {
    ...content,
    receipt: { ...receipt, ...(isWanting && { summaries: { model: memory.summariser, coverage } as const }) },
  }
  const named = { ...window, receipt: { ...window.receipt, at: null } }
  const windowId = textDigest(JSON.stringify(named))
  const askedFor = [
    ...(request.scopeId === null ? [] : [memory.scope(request.scopeId).regionId]),
    ...(request.trajectoryId === null ? [] : [memory.regionOfTrajectory(request.trajectoryId)]),
  ]
  return {
    window: { windowId, ...window },
    regions: new Set([...askedFor, ...candidates.map(({ item }) => item.regionId)]),
    proposed,
    wanted,
  }
}

function withSummaries(
  candidates: readonly Candidate[],
  { earlier, briefs }: Summaries,
  without: ReadonlySet<string> = new Set(),
): readonly Candidate[] {
  const brief = new Map(briefs.map((each) => [each.id, each]))
  return [
    ...(earlier && !without.has(earlier.id)
      ? [{ item: earlier, section: 'earlier', required: false, signals: {} } as const]
      : []),
    ...candidates.map((candidate) => {
      const short = brief.get(candidate.item.id)
      return short ? { ...candidate, brief: short } : candidate
    }),
  ]
}
