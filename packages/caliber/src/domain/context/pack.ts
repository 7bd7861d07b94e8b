/**
 * Choose which candidates go in.
 *
 * Items are taken whole or left out, never cut, so a citation always points at complete text (SPEC W3). Required ones
 * first; then each section in order up to its share, in the source's order of preference; an item that does not fit is
 * skipped and smaller ones after it still get in. Candidates with a block number stand or fall with their block,
 * newest block first, and nothing older than a block that fell.
 */
import { CaliberError } from '../errors.ts'
import { type SectionName, sections } from './sections.ts'
import type { Candidate, Reason } from './window.ts'

/** A candidate with its price and its verdict. */
export interface Packed {
  readonly candidate: Candidate
  readonly tokens: number
  readonly included: boolean
  readonly reason: Reason
}

export interface Prices {
  /** Tokens that an item takes in its section; an upper bound where its place matters. */
  item(candidate: Candidate): number
  /** Tokens of a section's heading and frame, due with its first item. */
  section(name: SectionName): number
}

/**
 * @param budgetTokens what is left for candidates and their sections
 * @returns one entry per item, in the order considered
 * @throws CaliberError `budget_too_small` when the required candidates alone exceed the budget
 */
export function pack(candidates: readonly Candidate[], budgetTokens: number, prices: Prices): readonly Packed[] {
  const packed = new Map<string, Packed>()
  const opened = new Set<SectionName>()
  let leftTokens = budgetTokens

  const settle = (candidate: Candidate, tokens: number, included: boolean, reason: Reason): void => {
    packed.set(candidate.item.id, { candidate, tokens, included, reason })
    if (!included) return
    leftTokens -= tokens + entry(candidate.section)
    opened.add(candidate.section)
  }
  const entry = (name: SectionName): number => (opened.has(name) ? 0 : prices.section(name))

  for (const candidate of candidates.filter(({ required }) => required)) {
    const tokens = prices.item(candidate)
    if (!packed.has(candidate.item.id)) settle(candidate, tokens, true, 'required')
  }
  if (leftTokens < 0) throw tooSmall(budgetTokens - leftTokens, budgetTokens)

  const shareableTokens = leftTokens
  for (const [i, { name, share }] of sections.entries()) {
    const later = new Set<SectionName>(sections.slice(i + 1).map((section) => section.name))
    const contested = candidates.some((candidate) => later.has(candidate.section))
    let allowanceTokens = contested ? Math.min(leftTokens, Math.floor(shareableTokens * share)) : leftTokens
    // A verdict of an earlier section stands unless it was a refusal: what history evicted may still be retrieved.
    const open = candidates.filter(
      (candidate) => candidate.section === name && packed.get(candidate.item.id)?.included !== true,
    )
    let aBlockFell = false
    for (const { isBlock, members } of groups(open)) {
      const tokens = members.map((candidate) => prices.item(candidate))
      const costTokens = tokens.reduce((sum, one) => sum + one, 0) + entry(name)
      const fits = !(isBlock && aBlockFell) && costTokens <= allowanceTokens
      const refusal = isBlock ? 'evicted_block' : costTokens > leftTokens ? 'over_budget' : 'over_share'
      for (const [at, candidate] of members.entries()) {
        settle(candidate, tokens[at] ?? 0, fits, fits ? 'fits' : refusal)
      }
      if (fits) allowanceTokens -= costTokens
      else aBlockFell ||= isBlock
    }
  }
  return [...packed.values()]
}

interface Group {
  readonly isBlock: boolean
  readonly members: readonly Candidate[]
}

/** Blocks, newest first, then single candidates as they come. */
function groups(candidates: readonly Candidate[]): readonly Group[] {
  const blocks = new Map<number, Candidate[]>()
  const single: Group[] = []
  for (const candidate of candidates) {
    if (candidate.block === undefined) {
      single.push({ isBlock: false, members: [candidate] })
    } else {
      const block = blocks.get(candidate.block)
      if (block) block.push(candidate)
      else blocks.set(candidate.block, [candidate])
    }
  }
  const newestFirst = [...blocks.entries()].sort(([a], [b]) => b - a)
  return [...newestFirst.map(([, members]) => ({ isBlock: true, members })), ...single]
}

function tooSmall(neededTokens: number, budgetTokens: number): CaliberError {
  return new CaliberError(
    'budget_too_small',
    `Pinned content needs ${neededTokens} tokens, ${budgetTokens} are left for it. Raise budgetTokens or pin less.`,
    { neededTokens, budgetTokens },
  )
}
