/**
 * Where the candidates of each section come from. A new kind of memory takes part in contexts by one entry here.
 *
 * A source lists its candidates in order of preference; history in the order it was said. Nothing superseded,
 * retracted or expired is proposed: the memory holds live items only, and validity is checked against the request's clock.
 */
import { divisionOf, type SectionName } from '../../domain/context/sections.ts'
import type { Candidate, WindowRequest } from '../../domain/context/window.ts'
import { CaliberError } from '../../domain/errors.ts'
import { holdsAt } from '../holdsAt.ts'
import type { MemoryItem } from '../memoryItem.ts'
import type { MemoryView, ViewSearch } from '../memoryView.ts'
import type { Near } from '../tenantMemory.ts'
import type { QuestionVectors } from '../vector/vectorSpace.ts'

export interface Asked {
  readonly request: WindowRequest
  readonly memory: MemoryView
  /** The vectors of {@link searchedFor}. */
  readonly vectors: QuestionVectors
  /** What lies near it, where {@link retrieval} has that asked of the database. */
  readonly near?: Near | undefined
  readonly nowMs: number
  /** Items that are no candidates, whatever speaks for them. */
  readonly without?: ReadonlySet<string> | undefined
}

type SectionSource = (asked: Asked) => Iterable<Proposal>

/** A candidate whose item the memory holds. */
export type Proposal = Candidate & { readonly item: MemoryItem }

/** Every candidate for a window, section by section. @throws CaliberError `not_found` for a pin that is no live item */
export function candidatesFor(asked: Asked): readonly Proposal[] {
  const { request, memory } = asked
  if (request.trajectoryId !== null) memory.assertTrajectory(request.trajectoryId)
  const claimed = new Set<string>()
  return Object.values(sectionSources).flatMap((source) => {
    const proposed = [...bothSides(source(asked), asked)].filter(
      ({ item }) => !claimed.has(item.id) && isTrusted(item, request),
    )
    // Turns that history proposes may be evicted there and retrieved after all, so they stay open to both.
    for (const { item, section } of proposed) if (section !== 'history') claimed.add(item.id)
    return proposed
  })
}

/** Beside a note stands what contradicts it: whoever reads one side reads the other. */
function* bothSides(proposals: Iterable<Proposal>, { request, memory, nowMs, without }: Asked): Iterable<Proposal> {
  const proposed = new Set(without)
  for (const proposal of proposals) {
    const { item } = proposal
    if (proposed.has(item.id)) continue
    proposed.add(item.id)
    yield proposal
    if (item.note === null) continue
    for (const other of memory.contradicting(item.id)) {
      const isAsked = request.trajectoryId === null || other.trajectoryId === request.trajectoryId
      if (proposed.has(other.id) || !isAsked || !holdsAt(other, nowMs)) continue
      proposed.add(other.id)
      yield { ...proposal, item: other, required: false, signals: { contradicts: item.id } }
    }
  }
}

function isTrusted({ id, trust }: MemoryItem, { minTrust, pins }: WindowRequest): boolean {
  return trust >= minTrust || pins.includes(id)
}

/** Where no question is asked, what the user said last is what matters. */
export function searchedFor(request: WindowRequest, memory: MemoryView): string | undefined {
  return request.query ?? saidLast(request, memory)?.text
}

/** What is searched for a window; undefined where nothing is. */
export function retrieval({ request, memory, vectors, nowMs }: Asked): ViewSearch | undefined {
  const query = searchedFor(request, memory)
  if (query === undefined) return undefined
  return {
    query,
    vectors,
    limit: Math.ceil(request.budgetTokens / tokensPerHit) + nearMisses,
    accept: (item) =>
      isTrusted(item, request) &&
      holdsAt(item, nowMs) &&
      (request.trajectoryId === null || item.trajectoryId === request.trajectoryId),
  }
}

function saidLast({ scopeId }: WindowRequest, memory: MemoryView): MemoryItem | undefined {
  return scopeId === null ? undefined : memory.scope(scopeId).turns.findLast(({ role }) => role === 'user')
}

/** What stands for the conversation in short is none of the memory's items (summarisedWindow.ts). */
const sectionSources: Readonly<Record<Exclude<SectionName, 'earlier'>, SectionSource>> = {
  *pinned({ request, memory, nowMs }) {
    for (const id of request.pins) {
      const item = memory.item(id)
      if (!item || !holdsAt(item, nowMs)) {
        throw new CaliberError('not_found', `There is no live item ${id} to pin. Check the id or drop the pin.`, { id })
      }
      yield candidate(item, 'pinned', true)
    }
    for (const item of memory.notes('pinned')) if (holdsAt(item, nowMs)) yield candidate(item, 'pinned', true)
  },

  *standing({ request, memory, nowMs }) {
    const notes = newestFirst(memory.notes('standing'), nowMs)
    yield* within(
      request.budgetTokens,
      notes.map((item) => candidate(item, 'standing')),
    )
  },

  *knowledge({ request, memory, nowMs }) {
    const notes = [...newestFirst(memory.notes('principle'), nowMs), ...newestFirst(memory.notes('summary'), nowMs)]
    yield* within(
      request.budgetTokens,
      notes.map((item) => candidate(item, 'knowledge')),
    )
  },

  *history({ request, memory }) {
    if (request.scopeId === null) return
    const { turns, tokensBefore } = memory.scope(request.scopeId)
    const blockTokens = Math.max(1, Math.floor(request.budgetTokens * divisionOf(request).blockShare))
    const blockOf = (i: number) => Math.floor(((tokensBefore[i] ?? 0) + i * labelTokens) / blockTokens)
    let first = turns.length
    let leftTokens = request.budgetTokens
    // Blocks that cannot fit by their text alone are no candidates; the newest of them shows where history was cut.
    while (first > 0 && (leftTokens >= 0 || blockOf(first - 1) === blockOf(first))) {
      first -= 1
      leftTokens -= turns[first]?.tokenCount ?? 0
    }
    for (const [i, item] of turns.slice(first).entries()) {
      yield { ...candidate(item, 'history'), block: blockOf(first + i) }
    }
  },

  *retrieved(asked) {
    const { request, memory, near } = asked
    const search = retrieval(asked)
    if (search === undefined) return
    const found = memory.search({ ...search, near })
    const { leastOfOwnScore } = divisionOf(request)
    const said = saidLast(request, memory)
    const own = found.find(({ item }) => item === said)?.score ?? 0
    const strong = found.filter(({ score }) => score >= own * leastOfOwnScore).length
    yield* within(
      request.budgetTokens,
      found.slice(0, strong + nearMisses).map(({ item, signals }, i) => ({
        ...candidate(item, 'retrieved'),
        ...(i >= strong && { isWeak: true }),
        signals: { ...signals, rank: i + 1 },
      })),
    )
  },
}

/** What a turn's time and speaker take in Markdown, roughly: it only places the cuts between blocks. */
const labelTokens = 14

/** A window rarely holds more than one hit per so many tokens; a few more are proposed to show the near misses. */
const tokensPerHit = 24
const nearMisses = 20

function candidate(item: MemoryItem, section: SectionName, required = false): Proposal {
  return { item, section, required, signals: {} }
}

function newestFirst(items: Iterable<MemoryItem>, nowMs: number): readonly MemoryItem[] {
  return [...items].filter((item) => holdsAt(item, nowMs)).toReversed()
}

/** The first candidates, until their text alone exceeds the budget; then a few more, as near misses and to fill what is left. */
function* within(budgetTokens: number, candidates: readonly Proposal[]): Iterable<Proposal> {
  let leftTokens = budgetTokens
  let misses = 0
  for (const proposed of candidates) {
    yield proposed
    leftTokens -= proposed.item.tokenCount
    if (leftTokens < 0) misses += 1
    if (misses > nearMisses) return
  }
}
