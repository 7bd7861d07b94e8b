/**
 * Where the candidates of each section come from. A new kind of memory takes part in contexts by one entry here.
 *
 * A source lists its candidates in order of preference; history in the order it was said. Nothing superseded,
 * retracted or expired is proposed: the memory holds live items only, and validity is checked against the request's clock.
 */
import { historyBlockShare, type SectionName } from '../../domain/context/sections.ts'
import type { Candidate, WindowRequest } from '../../domain/context/window.ts'
import { CaliberError } from '../../domain/errors.ts'
import { type NoteLevel, standingTypes } from '../../domain/note.ts'
import { holdsAt } from '../holdsAt.ts'
import type { MemoryItem, TenantMemory } from '../tenantMemory.ts'

interface Asked {
  readonly request: WindowRequest
  readonly memory: TenantMemory
  readonly nowMs: number
}

type SectionSource = (asked: Asked) => Iterable<Candidate>

/** Every candidate for a window, section by section. @throws CaliberError `not_found` for a pin that is no live item */
export function candidatesFor(asked: Asked): readonly Candidate[] {
  const { request, memory } = asked
  if (request.trajectoryId !== null) memory.assertTrajectory(request.trajectoryId)
  const claimed = new Set<string>()
  return Object.values(sectionSources).flatMap((source) => {
    const proposed = [...source(asked)].filter(({ item }) => !claimed.has(item.id))
    // Turns that history proposes may be evicted there and retrieved after all, so they stay open to both.
    for (const { item, section } of proposed) if (section !== 'history') claimed.add(item.id)
    return proposed
  })
}

const sectionSources: Readonly<Record<SectionName, SectionSource>> = {
  *pinned({ request, memory, nowMs }) {
    for (const id of request.pins) {
      const item = memory.item(id)
      if (!item || !holdsAt(item, nowMs)) {
        throw new CaliberError('not_found', `There is no live item ${id} to pin. Check the id or drop the pin.`, { id })
      }
      yield candidate(item, 'pinned', true)
    }
    for (const item of memory.notes()) {
      if (item.note?.pinned && holdsAt(item, nowMs)) yield candidate(item, 'pinned', true)
    }
  },

  *standing({ memory, nowMs }) {
    for (const item of newestFirst(memory.notes())) {
      if (item.note && standingTypes.has(item.note.type) && holdsAt(item, nowMs)) yield candidate(item, 'standing')
    }
  },

  *knowledge({ memory, nowMs }) {
    const notes = newestFirst(memory.notes()).filter((item) => holdsAt(item, nowMs))
    for (const level of ['principle', 'summary'] satisfies NoteLevel[]) {
      for (const item of notes) if (item.note?.level === level) yield candidate(item, 'knowledge')
    }
  },

  *history({ request, memory }) {
    if (request.scopeId === null) return
    const { turns } = memory.scope(request.scopeId)
    const blockTokens = Math.max(1, Math.floor(request.budgetTokens * historyBlockShare))
    let before = 0
    const blocks = turns.map((item) => {
      const block = Math.floor(before / blockTokens)
      before += item.tokenCount
      return block
    })
    // Blocks that cannot fit by their text alone are no candidates; the newest of them shows where history was cut.
    const oldest = Math.floor(Math.max(0, before - request.budgetTokens) / blockTokens)
    for (const [i, item] of turns.entries()) {
      const block = blocks[i] ?? 0
      if (block >= oldest) yield { ...candidate(item, 'history'), block }
    }
  },

  *retrieved({ request, memory, nowMs }) {
    const query = request.query ?? lastWords(request, memory)
    if (query === undefined) return
    const found = memory.search({
      query,
      limit: Math.ceil(request.budgetTokens / tokensPerHit) + nearMisses,
      accept: (item) =>
        holdsAt(item, nowMs) && (request.trajectoryId === null || item.trajectoryId === request.trajectoryId),
    })
    let leftTokens = request.budgetTokens
    let misses = 0
    for (const [i, { item, score }] of found.entries()) {
      yield { item, section: 'retrieved', required: false, signals: { lexical: score, rank: i + 1 } }
      // Past the budget by their text alone, a few more are proposed as near misses and to fill what is left.
      leftTokens -= item.tokenCount
      if (leftTokens < 0) misses += 1
      if (misses > nearMisses) return
    }
  },
}

/** A window rarely holds more than one hit per so many tokens; a few more are proposed to show the near misses. */
const tokensPerHit = 24
const nearMisses = 20

/** Where no question is asked, what the user said last is what matters. */
function lastWords({ scopeId }: WindowRequest, memory: TenantMemory): string | undefined {
  if (scopeId === null) return undefined
  return memory.scope(scopeId).turns.findLast(({ role }) => role === 'user')?.text
}

function candidate(item: MemoryItem, section: SectionName, required = false): Candidate {
  return { item, section, required, signals: {} }
}

function newestFirst(items: Iterable<MemoryItem>): readonly MemoryItem[] {
  return [...items].toReversed()
}
