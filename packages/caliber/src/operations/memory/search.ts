import { z } from 'zod'
import { holdsAt } from '../../derive/holdsAt.ts'
import { lookAround } from '../../derive/lookAround.ts'
import type { MemoryItem } from '../../derive/memoryItem.ts'
import type { Near } from '../../derive/tenantMemory.ts'
import { itemKinds } from '../../domain/itemKind.ts'
import { limits } from '../../domain/limits.ts'
import { type NoteLevel, noteLevels } from '../../domain/note.ts'
import { roles } from '../../domain/turn.ts'
import { operation } from '../operation.ts'
import { atLeastSeq, id, moment, text, trust } from '../schema.ts'
import { linkedItems } from './linkedItems.ts'

export const searchMemory = operation({
  name: 'memory.search',
  http: 'POST /v1/memory/search',
  summary: 'Search turns, artifacts and notes by words; where there is a model also by meaning. Best first.',
  example: { query: 'where do we deploy', limit: 5 },
  input: z.strictObject({
    query: text(limits.queryChars),
    limit: z.int().min(1).max(limits.searchResults).default(limits.defaultSearchResults),
    kinds: z.array(z.enum(itemKinds)).min(1).max(itemKinds.length).optional(),
    roles: z.array(z.enum(roles)).min(1).max(roles.length).optional().describe('Of turns alone.'),
    regionId: id('region to search in').optional(),
    trajectoryId: id('trajectory to search in').optional(),
    scopeId: id('scope to search in').optional(),
    linkedTo: id('item').optional().describe('Only what it was made from, or what was made from it.'),
    level: z.enum(noteLevels).optional().describe('Of notes alone.'),
    minConfidence: z.number().min(0).max(1).optional().describe('Of notes alone.'),
    minTrust: trust.optional(),
    since: moment.optional().describe('Said or recorded then or later.'),
    until: moment.optional().describe('Said or recorded before.'),
    atLeastSeq,
  }),
  output: z.strictObject({
    items: z.array(
      z.strictObject({
        id: z.uuid(),
        kind: z.enum(itemKinds),
        origin: z.string(),
        at: z.string(),
        text: z.string(),
        tokenCount: z.int(),
        trust,
        regionId: id('region'),
        trajectoryId: id('trajectory').nullable(),
        scopeId: id('scope').nullable(),
        sequence: z.int().nullable(),
        score: z.number(),
        signals: z
          .strictObject({
            lexical: z.number().optional(),
            semantic: z.number().optional(),
            fused: z.number().optional(),
          })
          .describe('What the score is made of; a signal that did not speak is missing.'),
        contradictedBy: z.array(id('note')).describe('Live notes that it cannot hold beside; see conflict.list.'),
      }),
    ),
    semantic: z
      .enum(['off', 'partial', 'full'])
      .optional()
      .describe(
        'How far meaning was searched besides words: not at all, where some items have a vector, or everywhere. Absent where no embedding model is configured.',
      ),
    eventSeq: z.int().describe('The memory as of this event.'),
  }),
  effect: 'recall',
  needs: 'read',
  mcp: true,
  idempotent: true,

  async run({ memory, vectorsOf, stored, now }, { query, limit, atLeastSeq, linkedTo, ...asked }) {
    const linked = linkedTo === undefined ? undefined : await stored((sql) => linkedItems(sql, linkedTo))
    const filter = { ...asked, linked }
    // Before the memory is looked at: rights and content are those of one moment.
    const vectors = await vectorsOf(query)
    let held = await memory(atLeastSeq)
    const search = { query, limit, vectors, accept: accepts(filter, now().getTime()) }
    let near: Near | undefined
    const looked = lookAround(
      held,
      () => memory(atLeastSeq),
      () => search,
    )
    if (looked) ({ held, near } = await looked)
    if (filter.regionId !== undefined) held.assertRegion(filter.regionId)
    if (filter.trajectoryId !== undefined) held.assertTrajectory(filter.trajectoryId)
    if (filter.scopeId !== undefined) held.scope(filter.scopeId)
    const basis = held.basisOf(vectors, near)
    const found = held.search({ ...search, near })
    return {
      items: found.map(({ item, score, signals }) => ({
        id: item.id,
        kind: item.kind,
        origin: item.origin,
        at: item.at,
        text: item.text,
        tokenCount: item.tokenCount,
        trust: item.trust,
        regionId: item.regionId,
        trajectoryId: item.trajectoryId,
        scopeId: item.scopeId,
        sequence: item.sequence,
        score,
        signals,
        contradictedBy: [...held.contradicting(item.id)].map((other) => other.id),
      })),
      ...(basis && { semantic: basis.coverage }),
      eventSeq: held.seq,
    }
  },
})

interface Filter {
  readonly linked?: ReadonlySet<string> | undefined
  readonly kinds?: readonly string[] | undefined
  readonly roles?: readonly string[] | undefined
  readonly regionId?: string | undefined
  readonly trajectoryId?: string | undefined
  readonly scopeId?: string | undefined
  readonly level?: NoteLevel | undefined
  readonly minConfidence?: number | undefined
  readonly minTrust?: number | undefined
  readonly since?: string | undefined
  readonly until?: string | undefined
}

function accepts(filter: Filter, nowMs: number) {
  const {
    linked,
    kinds,
    roles,
    regionId,
    trajectoryId,
    scopeId,
    level,
    minConfidence,
    minTrust = 0,
    since,
    until,
  } = filter
  const sinceMs = since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(since)
  const untilMs = until === undefined ? Number.POSITIVE_INFINITY : Date.parse(until)
  const timed = since !== undefined || until !== undefined
  return (item: MemoryItem): boolean => {
    if (linked && !linked.has(item.id)) return false
    if (kinds && !kinds.includes(item.kind)) return false
    if (roles && (item.role === null || !roles.includes(item.role))) return false
    if (regionId !== undefined && item.regionId !== regionId) return false
    if (trajectoryId !== undefined && item.trajectoryId !== trajectoryId) return false
    if (scopeId !== undefined && item.scopeId !== scopeId) return false
    if (level !== undefined && item.note?.level !== level) return false
    if (minConfidence !== undefined && !(item.note && item.note.confidence >= minConfidence)) return false
    if (item.trust < minTrust) return false
    if (timed) {
      const atMs = Date.parse(item.at)
      if (atMs < sinceMs || atMs >= untilMs) return false
    }
    return holdsAt(item, nowMs)
  }
}
