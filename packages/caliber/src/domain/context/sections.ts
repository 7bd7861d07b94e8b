/**
 * The sections of a window, in the order they stand in it: what changes least comes first, so that a provider's prompt
 * cache keeps the longest prefix (memory.md §4). They are filled in the same order.
 */
import type { WindowRequest } from './window.ts'

export const sections = [
  { name: 'pinned', heading: 'Pinned' },
  { name: 'standing', heading: 'Standing instructions and preferences' },
  { name: 'knowledge', heading: 'Principles and summaries' },
  { name: 'earlier', heading: 'Earlier in this conversation, in short' },
  { name: 'history', heading: 'Conversation so far' },
  { name: 'retrieved', heading: 'Retrieved memory' },
] as const

export type SectionName = (typeof sections)[number]['name']

/** How the budget of a window is divided. */
export interface Division {
  /** Most of what required content leaves of the budget, 0..1, while a later section has candidates too. */
  readonly shares: Readonly<Record<SectionName, number>>
  /**
   * Of the same: what is kept for the retrieved section, which takes no more, so that history is cut in the same place
   * whatever is found. Null where it takes what is left.
   */
  readonly tailShare: number | null
  /** Least score of what is retrieved, as a share of the score that the turn searched for has itself. */
  readonly leastOfOwnScore: number
  /** History leaves in blocks, not turn by turn: a block holds this share of the budget. */
  readonly blockShare: number
  /** So many blocks leave at once. */
  readonly blocksAtOnce: number
  /**
   * What is kept from a history that does not fit as a whole, for what left it in short: kept whether it is there or not, so
   * that it moves no cut. 0 where so little would say nothing.
   */
  readonly earlierTokens: number
}

const shares = { pinned: 1, standing: 0.25, knowledge: 0.15, earlier: 1, history: 0.5, retrieved: 1 }
const earlierShare = 1 / 16
const leastEarlierTokens = 112

/** A question is asked: half of the window, at least, is for what answers it. */
const asked = { shares, tailShare: null, leastOfOwnScore: 0, blockShare: 1 / 8, blocksAtOnce: 1 }

/**
 * A conversation goes on: nearly all of the window is history, of which a half leaves at once, and what is retrieved after it
 * is little, unless much of what was said last stands in it (0012-prefix-stable-windows.md has the measurements).
 */
const goingOn = {
  shares: { ...shares, history: 1 },
  tailShare: 1 / 16,
  leastOfOwnScore: 1 / 4,
  blockShare: 1 / 16,
  blocksAtOnce: 7,
}

/** Where no question is asked, the conversation of the scope goes on. */
export function divisionOf({ query, budgetTokens }: Pick<WindowRequest, 'query' | 'budgetTokens'>): Division {
  const earlierTokens = Math.floor(budgetTokens * earlierShare)
  return {
    ...(query === null ? goingOn : asked),
    earlierTokens: earlierTokens < leastEarlierTokens ? 0 : earlierTokens,
  }
}
