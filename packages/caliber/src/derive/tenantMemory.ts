/**
 * What a tenant's agents know, in memory, ready to be searched and assembled: a fold of the event log over live items.
 *
 * Disposable: everything here can be rebuilt from the database (feed.ts does). An item's ordinal is its place in the
 * log, so two processes that have read the same log rank equal scores alike.
 */
import type { Artifact } from '../domain/artifact.ts'
import type { SemanticBasis, Signals } from '../domain/context/window.ts'
import type { RegionId, TenantId } from '../domain/ids.ts'
import { type Note, type NoteLevel, standingTypes } from '../domain/note.ts'
import { type Turn, turnText } from '../domain/turn.ts'
import { Echoes } from './echoes/echoes.ts'
import { fuse } from './fuse.ts'
import type { Hit } from './lexical/bm25.ts'
import { KnownWords } from './lexical/knownWords.ts'
import { type Place, spreadToNeighbours } from './lexical/neighbours.ts'
import { RegionalIndex } from './lexical/regionalIndex.ts'
import { queryTermsOf, termsOf } from './lexical/terms.ts'
import { type MemoryItem, textBytesOf, withOwnText } from './memoryItem.ts'
import { Regions } from './regions.ts'
import { admitTurn, placeOf, replaceTurn, replaceTurns, type ScopeMemory } from './scopeMemory.ts'
import { Slots } from './vector/slots.ts'
import type { Compared, Comparison } from './vector/storedVectors.ts'
import type { VectorHits } from './vector/vectorIndex.ts'
import { type QuestionVectors, type Space, type VectorPlace, VectorSpace } from './vector/vectorSpace.ts'

type ScopePlace = Pick<ScopeMemory, 'regionId' | 'budgetTokens'>

/** What a note may be looked up as besides being searched: one note may be several. */
export type NotePlace = 'pinned' | 'standing' | Exclude<NoteLevel, 'raw'>

export interface Found {
  readonly item: MemoryItem
  /** What it is ranked by: the fused score where meaning was searched, else the lexical one. Above 0. */
  readonly score: number
  readonly signals: Omit<Signals, 'rank'>
}

/** How far the models are. */
export interface Embedded {
  readonly items: number
  /** The current model first. */
  readonly models: readonly { readonly model: string; readonly done: number; readonly vectors: VectorPlace }[]
}

/** What was compared in the database for one search, and what of the memory it stands on. */
export interface Near extends Compared {
  /** The event that the memory was complete up to. */
  readonly seq: number
  readonly basis: SemanticBasis | undefined
}

export interface Search {
  readonly query: string
  readonly limit: number
  /** The query as a vector in one of the memory's spaces or more; where there is none, words alone are searched. */
  readonly vectors: QuestionVectors
  /** What {@link TenantMemory.comparison} asked for; without it, vectors that lie in the database take no part. */
  readonly near?: Near | undefined
  /** Where is searched: what lies elsewhere is not found and changes no score. */
  readonly regions: ReadonlySet<RegionId>
  /** Which items may be found at all: filters and validity apply before ranking. */
  accept(item: MemoryItem): boolean
}

interface Nearest {
  readonly hits: VectorHits
  cosineOf(doc: number): number | undefined
}

/** Lexical hits that spread to their neighbours: measured on LoCoMo, 50 to 200 make no difference beyond noise. */
const leastHits = 50
const mostHits = 200

/**
 * Rough octets of an item besides its text: object, ids, map entries. Measured as the heap that 100,000 turns of 212
 * characters take on Node 20 beyond their characters and their index (2026-11).
 */
const itemOverheadBytes = 350

export class TenantMemory {
  #seq = 0
  #forgettings = 0
  readonly #items: (MemoryItem | undefined)[] = []
  readonly #byId = new Map<string, MemoryItem>()
  readonly #notes: Readonly<Record<NotePlace, Map<string, MemoryItem>>> = {
    pinned: new Map(),
    standing: new Map(),
    principle: new Map(),
    summary: new Map(),
  }
  /** Items in quarantine: known and nowhere to be found. Undefined while there is nothing to hold. */
  readonly #aside = new Map<string, MemoryItem | undefined>()
  /** The region of each. */
  readonly #trajectories = new Map<string, RegionId>()
  /** The trajectories of each region in the order they were started. */
  readonly #trajectoriesOf = new Map<RegionId, string[]>()
  readonly #scopes = new Map<string, ScopeMemory>()
  /** The scopes of each trajectory in the order they were opened. */
  readonly #scopesOf = new Map<string, string[]>()
  readonly #conflicts = new Map<string, readonly [string, string]>()
  /** Of a note: the notes that it contradicts. */
  readonly #contradicted = new Map<string, Set<string>>()
  readonly #index = new RegionalIndex()
  readonly #echoes = new Echoes()
  #knownWords = new KnownWords()
  #textBytes = 0
  /** Where items get their vectors: the space of the model, and of the one before it until the first is complete. */
  #spaces: readonly VectorSpace[]
  /** Who may read what; a {@link MemoryView} applies it. */
  readonly regions: Regions

  /** @param space of the vectors that items get; without it they get none */
  constructor(tenantId: TenantId, space?: Space) {
    this.regions = new Regions(tenantId)
    this.#spaces = space ? [new VectorSpace(space)] : []
  }

  /** The event up to which this memory is complete. */
  get seq(): number {
    return this.#seq
  }

  /** How often something was forgotten. What was derived before keeps words of it. */
  get forgettings(): number {
    return this.#forgettings
  }

  /** Live items. */
  get size(): number {
    return this.#byId.size
  }

  /** Estimate of the octets held. */
  get bytes(): number {
    const ownBytes = this.#textBytes + this.#byId.size * itemOverheadBytes
    const vectorBytes = this.#spaces.reduce((sum, space) => sum + space.bytes, 0)
    return ownBytes + this.#index.bytes + this.#echoes.bytes + this.#knownWords.bytes + vectorBytes
  }

  /** Names of the spaces that items have vectors in, the current model's first. */
  get spaces(): readonly string[] {
    return this.#spaces.map(({ name }) => name)
  }

  /** Have vectors of the model before as well, until every item has the current one's. */
  addPreviousSpace(previous: Space): void {
    const space = new VectorSpace(previous)
    for (const { ordinal } of this.#byId.values()) space.expect(ordinal)
    this.#spaces = [...this.#spaces.slice(0, 1), space]
  }

  /** Items that lack a vector in a space, oldest first; none where it is not one of the memory's. */
  unembedded(space: string, limit: number): readonly MemoryItem[] {
    const items: MemoryItem[] = []
    for (const ordinal of this.#space(space)?.lacking ?? []) {
      const item = this.#items[ordinal]
      if (items.length === limit) break
      if (item) items.push(item)
    }
    return items
  }

  /** Give an item its vector, or say that it gets none. Nothing happens when the item or the space has gone meanwhile. */
  putVector(space: string, item: MemoryItem, vector: Float32Array | null): void {
    if (this.#items[item.ordinal] === item) this.#space(space)?.put(item.ordinal, item.id, vector)
    if (this.#spaces[0]?.coverage === 'full') this.#spaces = this.#spaces.slice(0, 1)
  }

  /** Say where the vector of an item lies, where a space has its vectors in the database. Else as {@link putVector}. */
  putSlot(space: string, item: MemoryItem, slot: number): void {
    if (this.#items[item.ordinal] === item) this.#space(space)?.putSlot(item.ordinal, item.id, slot)
    if (this.#spaces[0]?.coverage === 'full') this.#spaces = this.#spaces.slice(0, 1)
  }

  /** Leave the vectors of a space in the database where they would take more octets than these. */
  keepVectorsWithin(space: string, maxBytes: number): void {
    this.#space(space)?.keepWithin(maxBytes)
  }

  /** Where the vectors of a space lie. */
  vectorsLieIn(space: string): VectorPlace | undefined {
    return this.#space(space)?.place
  }

  /** Of each space, how many of the items in these regions do not wait for their vectors. */
  embedded(regions: ReadonlySet<RegionId>): Embedded {
    const items = [...this.#byId.values()].filter(({ regionId }) => regions.has(regionId))
    const done = ({ lacking }: VectorSpace) => items.filter(({ ordinal }) => !lacking.has(ordinal)).length
    const models = this.#spaces.map((space) => ({ model: space.name, done: done(space), vectors: space.place }))
    return { items: items.length, models }
  }

  /** What a search by these vectors stands on; undefined where items get none. */
  basisOf(vectors: QuestionVectors): SemanticBasis | undefined {
    const space = this.#rankedIn(vectors)
    const { name: model, digest } = space ?? this.#spaces[0] ?? {}
    if (model === undefined || digest === undefined) return undefined
    return { model, coverage: space?.coverage ?? 'off', vectors: digest }
  }

  /** Say that every event up to `seq` is folded in. */
  advance(seq: number): void {
    this.#seq = seq
  }

  addTrajectory(trajectoryId: string, regionId: RegionId): void {
    this.#trajectories.set(trajectoryId, regionId)
    const ids = this.#trajectoriesOf.get(regionId)
    if (ids) ids.push(trajectoryId)
    else this.#trajectoriesOf.set(regionId, [trajectoryId])
  }

  addScope(scopeId: string, trajectoryId: string, { regionId, budgetTokens }: ScopePlace): void {
    this.#scopes.set(scopeId, { regionId, budgetTokens, turns: [], tokensBefore: [], rewrites: 0 })
    const scopeIds = this.#scopesOf.get(trajectoryId)
    if (scopeIds) scopeIds.push(scopeId)
    else this.#scopesOf.set(trajectoryId, [scopeId])
  }

  addTurn(turn: Turn, regionId: RegionId, trajectoryId: string): void {
    this.#add({
      ordinal: this.#items.length,
      id: turn.turnId,
      kind: 'turn',
      origin: turn.role,
      role: turn.role,
      at: turn.saidAt,
      text: turnText(turn),
      ownText: turnText(turn),
      trust: turn.trust,
      tokenCount: turn.tokenCount,
      regionId,
      trajectoryId,
      scopeId: turn.scopeId,
      sequence: turn.sequence,
      note: null,
    })
  }

  /** Hold a revision in place of the one before. */
  putArtifact(artifact: Artifact): void {
    this.remove(artifact.artifactId)
    this.#add({
      ordinal: this.#items.length,
      id: artifact.artifactId,
      kind: 'artifact',
      origin: `artifact ${artifact.type}`,
      role: null,
      at: artifact.createdAt,
      text: `${artifact.name}\n${artifact.content}`,
      ownText: `${artifact.name}\n${artifact.content}`,
      trust: artifact.trust,
      tokenCount: artifact.tokenCount,
      regionId: artifact.regionId,
      trajectoryId: artifact.trajectoryId,
      scopeId: null,
      sequence: null,
      note: null,
    })
  }

  addNote(note: Note): void {
    this.#add({
      ordinal: this.#items.length,
      id: note.noteId,
      kind: 'note',
      origin: note.type,
      role: null,
      at: note.recordedAt,
      text: `${note.subject}: ${note.content}`,
      ownText: `${note.subject}: ${note.content}`,
      trust: note.trust,
      tokenCount: note.tokenCount,
      regionId: note.regionId,
      trajectoryId: note.trajectoryId,
      scopeId: null,
      sequence: null,
      note,
    })
  }

  /**
   * Forget items as if they had never been: what follows has their turns' places, and nothing keeps their words. That
   * makes the index anew, which takes as long as the memory is large.
   */
  forget(ids: readonly string[]): void {
    this.#forgettings += 1
    this.#takeOut(ids)
    for (const id of ids) this.#aside.delete(id)
    this.#index.compact()
    this.#knownWords = new KnownWords()
  }

  /** Hold exactly these items in quarantine: as if they had never been, until they are not among them any more. */
  setAside(ids: ReadonlySet<string>): void {
    const leaving = [...ids].filter((id) => !this.#aside.has(id))
    const held = leaving.map((id) => [id, this.#byId.get(id)] as const)
    this.#takeOut(leaving)
    for (const [id, item] of held) this.#aside.set(id, item)
    for (const [id, item] of this.#aside) {
      if (ids.has(id)) continue
      this.#aside.delete(id)
      if (item) this.#admit(item)
    }
  }

  /** In how many live items an item of these ids or a text stands. */
  residueOf(ids: ReadonlySet<string>, words: string | undefined): number {
    const turns = [...this.#scopes.values()].flatMap((scope) => scope.turns)
    const aside = [...this.#aside.values()].filter((item) => item !== undefined)
    const held = new Set([...this.#byId.values(), ...aside, ...turns])
    return [...held].filter(({ id, text }) => ids.has(id) || (words !== undefined && text.includes(words))).length
  }

  /** Take an item out that is no longer live. Nothing happens when it is not there. */
  remove(id: string): void {
    if (this.#aside.has(id)) this.#aside.set(id, undefined)
    this.#takeOut([id])
  }

  addConflict(conflictId: string, sides: readonly [string, string]): void {
    this.#conflicts.set(conflictId, sides)
    for (const [one, other] of [sides, sides.toReversed()]) {
      if (one === undefined || other === undefined) continue
      this.#contradicted.set(one, (this.#contradicted.get(one) ?? new Set()).add(other))
    }
  }

  removeConflict(conflictId: string): void {
    const [one, other] = this.#conflicts.get(conflictId) ?? []
    this.#conflicts.delete(conflictId)
    if (one === undefined || other === undefined) return
    this.#contradicted.get(one)?.delete(other)
    this.#contradicted.get(other)?.delete(one)
  }

  /** Ids of the live notes that contradict a note, while nobody has resolved it. */
  contradicting(noteId: string): Iterable<string> {
    return this.#contradicted.get(noteId) ?? []
  }

  item(id: string): MemoryItem | undefined {
    return this.#byId.get(id)
  }

  regionOfTrajectory(trajectoryId: string): RegionId | undefined {
    return this.#trajectories.get(trajectoryId)
  }

  /** The trajectories of a region in the order they were started. */
  trajectoriesOf(regionId: RegionId): readonly string[] {
    return this.#trajectoriesOf.get(regionId) ?? []
  }

  scope(scopeId: string): ScopeMemory | undefined {
    return this.#scopes.get(scopeId)
  }

  /** The scopes of a trajectory, its parts not included, in the order they were opened. */
  scopesOf(trajectoryId: string): readonly string[] {
    return this.#scopesOf.get(trajectoryId) ?? []
  }

  /** The live notes of a place in the order they were recorded. */
  notes(place: NotePlace): Iterable<MemoryItem> {
    return this.#notes[place].values()
  }

  /** The items that fit a query best, best first; equal scores in log order. */
  search(search: Search): readonly Found[] {
    const { limit } = search
    const spread = this.#lexicalHits(search)
    const nearest = this.#nearest(search)
    if (nearest === undefined) {
      return this.#first(limit, spread, (item, { score }) => ({ item, score, signals: { lexical: score } }))
    }
    const fused = fuse(spread, nearest.hits, nearest.cosineOf)
    return this.#first(limit, fused, (item, { doc, ...signals }) => ({ item, score: signals.fused, signals }))
  }

  /**
   * What the database is to compare before a search can be answered; undefined where nothing has to be: no vector of the
   * question, or vectors in memory.
   */
  comparison(search: Search): Comparison | undefined {
    const space = this.#rankedIn(search.vectors)
    const question = space && search.vectors.get(space.name)
    if (question === undefined || !(space?.vectors instanceof Slots)) return undefined
    return {
      space: space.name,
      question,
      mask: space.vectors.mask(this.#accepting(search)),
      limit: Math.max(leastHits, search.limit),
      wanted: this.#lexicalHits(search).flatMap(({ doc }) => this.#items[doc]?.id ?? []),
    }
  }

  /** Which ordinals a search may find, by rights first. */
  #accepting({ regions, accept }: Search): (ordinal: number) => boolean {
    return (ordinal) => {
      const item = this.#items[ordinal]
      return item !== undefined && regions.has(item.regionId) && saysSomething(item) && accept(item)
    }
  }

  #lexicalHits(search: Search): readonly Hit[] {
    const { query, limit, regions } = search
    const hits = this.#index.search(regions, queryTermsOf(query), {
      limit: Math.max(leastHits, Math.min(limit, mostHits)),
      accept: this.#accepting(search),
    })
    // A turn's neighbours are of its scope, and so of its region.
    return spreadToNeighbours(hits, {
      placeOf: (ordinal) => this.#placeOf(ordinal),
      docOf: ({ ordinal }) => ordinal,
      accept: (item) => saysSomething(item) && search.accept(item),
    })
  }

  /** What lies near the question; undefined where meaning is not searched. */
  #nearest(search: Search): Nearest | undefined {
    const { vectors, limit, near } = search
    const space = this.#rankedIn(vectors)
    const question = space && vectors.get(space.name)
    if (space === undefined || question === undefined) return undefined
    const held = space.vectors
    const accept = this.#accepting(search)
    if (!(held instanceof Slots)) {
      return {
        hits: held.search(question, { limit: Math.max(leastHits, limit), accept }),
        cosineOf: (doc) => held.cosine(doc, question),
      }
    }
    if (near?.basis?.model !== space.name) return undefined
    return {
      hits: this.#hitsOf(near, accept),
      cosineOf: (doc) => near.cosines.get(this.#items[doc]?.id ?? ''),
    }
  }

  /** What was compared, as an index in memory would answer. What has gone since, or is not accepted any more, is left out. */
  #hitsOf({ cosines, mean }: Near, accepts: (ordinal: number) => boolean): VectorHits {
    const found = [...cosines].flatMap(([id, cosine]) => {
      const doc = this.#byId.get(id)?.ordinal
      return doc !== undefined && cosine > 0 && accepts(doc) ? [{ doc, cosine }] : []
    })
    return { hits: found.sort((a, b) => b.cosine - a.cosine || a.doc - b.doc), mean }
  }

  #space(name: string): VectorSpace | undefined {
    return this.#spaces.find((space) => space.name === name)
  }

  /**
   * The one space that a question is ranked in: of those that it has a vector in, where most items have one, the current
   * model's where they are as many. Cosines of two models are never put together.
   */
  #rankedIn(vectors: QuestionVectors): VectorSpace | undefined {
    const [first, second] = this.#spaces.filter(({ name }) => vectors.has(name))
    return first && second && second.size > first.size ? second : first
  }

  /** The first items of a ranking. It is many times as long as what is asked for, so only those get objects of their own. */
  #first<Ranked extends { readonly doc: number }>(
    limit: number,
    ranking: readonly Ranked[],
    foundAs: (item: MemoryItem, ranked: Ranked) => Found,
  ): readonly Found[] {
    const found: Found[] = []
    for (const ranked of ranking) {
      if (found.length === limit) break
      const item = this.#items[ranked.doc]
      if (item) found.push(foundAs(item, ranked))
    }
    return found
  }

  // Whoever calls writes every field in one literal: V8 keeps copies made by spreading as hash tables, at twice the
  // octets, and reading their fields made a search take twice as long.
  #add(item: MemoryItem): void {
    this.#items.push(undefined)
    if (this.#aside.has(item.id)) this.#aside.set(item.id, item)
    else this.#admit(item)
  }

  /** Show an item in the place that its ordinal has among the others. */
  #admit(item: MemoryItem): void {
    const ownText = this.#echoes.add(item)
    const shown = item.kind === 'turn' && ownText !== item.ownText ? withOwnText(item, ownText) : item
    this.#show(shown)
    const scope = this.#scopes.get(shown.scopeId ?? '')
    if (scope) admitTurn(scope, shown)
    for (const place of shown.note ? placesOf(shown.note) : []) admitNote(this.#notes[place], shown)
    if (shown.ordinal < this.#items.length - 1) this.#compareAgain(this.#echoes.swayedBy(shown))
  }

  /** Take items out, turns from their scopes as well. */
  #takeOut(ids: readonly string[]): void {
    const scopes = new Set<ScopeMemory>()
    const swayed = new Set<number>()
    for (const id of ids) {
      const item = this.#byId.get(id)
      if (!item) continue
      const scope = this.#scopes.get(item.scopeId ?? '')
      if (scope) scopes.add(scope)
      for (const notes of Object.values(this.#notes)) notes.delete(id)
      this.#hide(item)
      for (const ordinal of this.#echoes.remove(item)) swayed.add(ordinal)
    }
    for (const scope of scopes) {
      replaceTurns(
        scope,
        scope.turns.filter(({ id }) => this.#byId.has(id)),
      )
    }
    this.#compareAgain(swayed)
  }

  /** Find out what turns echo, now that there are other items before them. */
  #compareAgain(ordinals: Iterable<number>): void {
    for (const ordinal of ordinals) {
      const item = this.#items[ordinal]
      if (item?.kind !== 'turn') continue
      const ownText = this.#echoes.ownTextOf(item)
      if (ownText === item.ownText) continue
      const changed = withOwnText(item, ownText)
      this.#hide(item)
      this.#show(changed)
      const scope = this.#scopes.get(item.scopeId ?? '')
      if (scope) replaceTurn(scope, changed)
    }
  }

  #show(item: MemoryItem): void {
    this.#items[item.ordinal] = item
    this.#byId.set(item.id, item)
    this.#index.add(item.regionId, item.ordinal, termsOf(item.ownText, this.#knownWords))
    for (const space of this.#spaces) space.expect(item.ordinal)
    this.#textBytes += textBytesOf(item)
  }

  #hide(item: MemoryItem): void {
    this.#items[item.ordinal] = undefined
    this.#byId.delete(item.id)
    this.#index.remove(item.regionId, item.ordinal)
    for (const space of this.#spaces) space.remove(item.ordinal, item.id)
    this.#textBytes -= textBytesOf(item)
  }

  #placeOf(ordinal: number): Place<MemoryItem> | undefined {
    const item = this.#items[ordinal]
    if (!item || item.scopeId === null || item.sequence === null) return undefined
    const turns = this.#scopes.get(item.scopeId)?.turns
    return turns && { turns, index: placeOf(turns, item.sequence) }
  }
}

/** What says nothing of its own is found in what it repeats. */
function saysSomething({ ownText }: MemoryItem): boolean {
  return ownText !== ''
}

function placesOf({ pinned, type, level }: Note): readonly NotePlace[] {
  return [
    ...(pinned ? (['pinned'] as const) : []),
    ...(standingTypes.has(type) ? (['standing'] as const) : []),
    ...(level === 'raw' ? [] : [level]),
  ]
}

/** A map keeps the order in which it is filled: a note that comes back is put where it was. */
function admitNote(notes: Map<string, MemoryItem>, item: MemoryItem): void {
  const later = [...notes.values()].filter(({ ordinal }) => ordinal > item.ordinal)
  notes.set(item.id, item)
  for (const note of later) {
    notes.delete(note.id)
    notes.set(note.id, note)
  }
}
