/** What a window has no room for, and would show in short. */
import { divisionOf } from '../../domain/context/sections.ts'
import type { ContextItem, Verdict } from '../../domain/context/window.ts'
import type { MemoryItem } from '../memoryItem.ts'
import { placeOf } from '../scopeMemory.ts'
import type { Asked, Proposal } from './sectionSources.ts'

export interface WantedSummaries {
  /** The turns of the conversation up to the first that is shown. */
  readonly earlier: { readonly scopeId: string; readonly throughSequence: number; readonly maxTokens: number } | null
  /** Items that are too long. */
  readonly briefs: readonly string[]
}

/** The same, as it is shown; the briefs under the ids of their items. */
export interface Summaries {
  readonly wanted: WantedSummaries
  readonly earlier: ContextItem | null
  readonly briefs: readonly ContextItem[]
}

/** Of what is left for the summary of a conversation: its label and heading, and what indenting its lines takes. */
const labelTokens = 48
const tokensPerStep = 64
const longestTokens = 1_024
/** Items of one window that are made short. */
const mostBriefs = 4
/** Shorter ones are not worth a summary. */
const leastTokens = 400

/** @param verdicts of the window of those candidates in which nothing stands in short */
export function wantedSummaries(
  { request, memory, without = new Set() }: Asked,
  candidates: readonly Proposal[],
  verdicts: readonly Verdict[],
): WantedSummaries {
  const refused = new Set(
    verdicts
      .filter(({ reason, tokens }) => (reason === 'over_budget' || reason === 'over_share') && tokens >= leastTokens)
      .map(({ id }) => id),
  )
  const long = candidates.filter(({ item, section }) => section !== 'history' && refused.has(item.id))
  const briefs = [...new Set(long.map(({ item }) => item.id))].slice(0, mostBriefs)

  const { scopeId, minTrust } = request
  const maxTokens = Math.floor((divisionOf(request).earlierTokens - labelTokens) / tokensPerStep) * tokensPerStep
  const inPlace = new Set(
    verdicts.filter(({ section, verdict }) => section !== 'retrieved' && verdict === 'included').map(({ id }) => id),
  )
  const last = candidates.findLast(({ item, section }) => section === 'history' && !inPlace.has(item.id))?.item
  if (scopeId === null || maxTokens <= 0 || !last || last.sequence === null) return { earlier: null, briefs }
  const { turns } = memory.scope(scopeId)
  const end = placeOf(turns, last.sequence) + 1
  // A summary is trusted as little as the least of what it says, and says all of it.
  const isOut = ({ id, trust }: MemoryItem) => trust < minTrust || without.has(id)
  if ((minTrust > 0 || without.size > 0) && turns.slice(0, end).some(isOut)) return { earlier: null, briefs }
  const earlier = { scopeId, throughSequence: last.sequence, maxTokens: Math.min(maxTokens, longestTokens) }
  return { earlier, briefs }
}
