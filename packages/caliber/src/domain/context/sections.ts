/**
 * The sections of a window, in the order they stand in it: what changes least comes first, so that a provider's prompt
 * cache keeps the longest prefix (memory.md §4). They are filled in the same order.
 */

interface Section {
  readonly name: string
  readonly heading: string
  /** Most of what required content leaves of the budget, 0..1, while a later section has candidates too. */
  readonly share: number
}

export const sections = [
  { name: 'pinned', heading: 'Pinned', share: 1 },
  { name: 'standing', heading: 'Standing instructions and preferences', share: 0.25 },
  { name: 'knowledge', heading: 'Principles and summaries', share: 0.15 },
  { name: 'history', heading: 'Conversation so far', share: 0.5 },
  { name: 'retrieved', heading: 'Retrieved memory', share: 1 },
] as const satisfies readonly Section[]

export type SectionName = (typeof sections)[number]['name']

/**
 * History leaves in blocks, not turn by turn: a block holds this share of the budget, so the window's prefix stays
 * byte-identical until a quarter of the history's share has been said anew.
 */
export const historyBlockShare = 0.5 / 4
