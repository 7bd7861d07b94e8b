/**
 * Choose which candidates go in.
 *
 * Items are taken whole, in short where they have a brief, or left out; never cut (SPEC W3). Required ones first; then each
 * section in order up to its share, in the source's order of preference; an item that does not fit is skipped and smaller
 * ones after it still get in. Candidates with a block number stand or fall with their block:
 * the newest blocks that fit stay, from a block on whose number is a multiple of the division's `blocksAtOnce`. So several leave at
 * once, and where the cut is follows from the blocks and the room alone.
 */
import { CaliberError } from '../errors.ts'
import { type Division, type SectionName, sections } from './sections.ts'
import type { Candidate, Reason } from './window.ts'

/** A candidate with its price and its verdict. */
export interface Packed {
  /** Its item is the brief where that was taken. */
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
export function pack(
  candidates: readonly Candidate[],
  budgetTokens: number,
  prices: Prices,
  division: Division,
): readonly Packed[] {
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
  const tailTokens = division.tailShare === null ? null : Math.floor(shareableTokens * division.tailShare)
  let earlierTokens = 0
  const allowance = (name: SectionName, isContested: boolean): number => {
    if (tailTokens !== null && name === 'retrieved') return Math.min(leftTokens, tailTokens)
    // History is cut as if nothing stood before it in short.
    const open = leftTokens - (tailTokens ?? 0) + (name === 'history' ? earlierTokens : 0)
    if (name === 'earlier') return Math.min(open, division.earlierTokens)
    return isContested ? Math.min(open, Math.floor(shareableTokens * division.shares[name])) : open
  }

  for (const [i, { name }] of sections.entries()) {
    const later = new Set<SectionName>(sections.slice(i + 1).map((section) => section.name))
    let allowanceTokens = allowance(
      name,
      candidates.some((candidate) => later.has(candidate.section)),
    )
    // A verdict of an earlier section stands unless it was a refusal: what history evicted may still be retrieved.
    const open = candidates.filter(
      (candidate) => candidate.section === name && packed.get(candidate.item.id)?.included !== true,
    )
    const blocks = blocksOf(open)
    const staying = () => oldestStaying(blocks, allowanceTokens - entry(name), prices, division.blocksAtOnce)
    let oldest = staying()
    if (blocks.some(([block]) => block < oldest)) {
      allowanceTokens -= division.earlierTokens
      oldest = staying()
    }
    for (const [block, members] of blocks) {
      const stays = block >= oldest
      for (const candidate of members) {
        const tokens = prices.item(candidate)
        if (stays) allowanceTokens -= tokens + entry(name)
        settle(candidate, tokens, stays, stays ? 'fits' : 'evicted_block')
      }
    }
    const take = (candidate: Candidate, reason: 'fits' | 'summarised'): boolean => {
      const tokens = prices.item(candidate)
      if (tokens + entry(name) > allowanceTokens) return false
      allowanceTokens -= tokens + entry(name)
      settle(candidate, tokens, true, reason)
      return true
    }
    const before = leftTokens
    for (const candidate of open.filter(({ block }) => block === undefined)) {
      const { brief, isWeak } = candidate
      const tokens = prices.item(candidate)
      if (isWeak === true) settle(candidate, tokens, false, 'weak')
      else if (!take(candidate, 'fits') && !(brief && take({ ...candidate, item: brief }, 'summarised')))
        settle(candidate, tokens, false, tokens + entry(name) > leftTokens ? 'over_budget' : 'over_share')
    }
    if (name === 'earlier') earlierTokens = before - leftTokens
  }
  return [...packed.values()]
}

type Blocks = readonly (readonly [number: number, members: readonly Candidate[]])[]

/** Newest first. */
function blocksOf(candidates: readonly Candidate[]): Blocks {
  const blocks = new Map<number, Candidate[]>()
  for (const candidate of candidates) {
    if (candidate.block === undefined) continue
    const members = blocks.get(candidate.block)
    if (members) members.push(candidate)
    else blocks.set(candidate.block, [candidate])
  }
  return [...blocks].sort(([a], [b]) => b - a)
}

/** The number of the oldest block that stays; infinite where none does. */
function oldestStaying(blocks: Blocks, allowanceTokens: number, prices: Prices, blocksAtOnce: number): number {
  const newest = blocks[0]?.[0] ?? Number.NEGATIVE_INFINITY
  let oldest = Number.POSITIVE_INFINITY
  let leftTokens = allowanceTokens
  for (const [block, members] of blocks) {
    for (const candidate of members) leftTokens -= prices.item(candidate)
    if (leftTokens < 0) {
      const aligned = Math.ceil(oldest / blocksAtOnce) * blocksAtOnce
      // Where the newest blocks do not reach a multiple, as many stay as fit.
      return aligned <= newest ? aligned : oldest
    }
    oldest = block
  }
  return oldest
}

function tooSmall(neededTokens: number, budgetTokens: number): CaliberError {
  return new CaliberError(
    'budget_too_small',
    `Pinned content needs ${neededTokens} tokens, ${budgetTokens} are left for it. Raise budgetTokens or pin less.`,
    { neededTokens, budgetTokens },
  )
}
