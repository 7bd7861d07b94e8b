/**
 * What one credential may see of a tenant's memory. Everything that answers people goes through it: an item of a region
 * that is not open is not there, before anything is ranked, counted or proposed.
 */
import type { SemanticBasis } from '../domain/context/window.ts'
import type { RegionId } from '../domain/ids.ts'
import { notFound } from '../domain/notFound.ts'
import type { Principal } from '../domain/principal.ts'
import type { MemoryItem } from './memoryItem.ts'
import type { ScopeMemory } from './scopeMemory.ts'
import type { EarlierTurns, InShort, SummaryAnswer, SummaryGraph } from './summaries/summaryGraph.ts'
import type { Embedded, Found, Near, NotePlace, Search, TenantMemory } from './tenantMemory.ts'
import type { Compared, Comparison } from './vector/storedVectors.ts'
import type { QuestionVectors } from './vector/vectorSpace.ts'

/** What a view reaches beyond the memory itself. */
export interface Reach {
  /** Over that memory. */
  readonly summaries: SummaryGraph
  /** Compare a question with vectors in the database, in the name of the principal. */
  compare?(comparison: Comparison): Promise<Compared>
}

/** What the caller of a search knows; the view adds where may be searched. */
export type ViewSearch = Omit<Search, 'regions'>

export class MemoryView {
  readonly #memory: TenantMemory
  readonly #readable: ReadonlySet<RegionId>
  readonly #reach: Reach

  constructor(memory: TenantMemory, principal: Pick<Principal, 'principalId' | 'regions'>, reach: Reach) {
    this.#memory = memory
    this.#reach = reach
    this.#readable = memory.regions.readableBy(principal)
  }

  /** The event that the memory is complete up to. */
  get seq(): number {
    return this.#memory.seq
  }

  /** Names of the spaces that items have vectors in. */
  get spaces(): readonly string[] {
    return this.#memory.spaces
  }

  /** What a search by these vectors stands on; undefined where items get none. @param near what it was given */
  basisOf(vectors: QuestionVectors, near?: Near): SemanticBasis | undefined {
    return near ? near.basis : this.#memory.basisOf(vectors)
  }

  /** How far the models are with the items. */
  embedded(): Embedded {
    return this.#memory.embedded(this.#readable)
  }

  item(id: string): MemoryItem | undefined {
    const item = this.#memory.item(id)
    return item && this.#readable.has(item.regionId) ? item : undefined
  }

  /** In how many items and summaries of the whole memory, open to the principal or not, an item of these ids or a text stands. */
  residueOf(ids: ReadonlySet<string>, words: string | undefined): number {
    return this.#memory.residueOf(ids, words) + this.#reach.summaries.residueOf(words)
  }

  /** What was said in a scope, in short. @throws CaliberError `not_found`; `unavailable` as `SummaryGraph.ofScope` does */
  summaryOfScope(scopeId: string): Promise<SummaryAnswer> {
    this.scope(scopeId)
    return this.#reach.summaries.ofScope(scopeId)
  }

  /** What was said in the scopes of a trajectory, in short. @throws CaliberError as {@link summaryOfScope} does */
  summaryOfTrajectory(trajectoryId: string): Promise<SummaryAnswer> {
    this.assertTrajectory(trajectoryId)
    return this.#reach.summaries.ofTrajectory(trajectoryId)
  }

  /** What recurs over the trajectories of a region. @throws CaliberError as {@link summaryOfScope} does */
  principlesOf(regionId: RegionId): Promise<SummaryAnswer> {
    this.assertRegion(regionId)
    return this.#reach.summaries.ofRegion(regionId)
  }

  /** What makes the summaries of the memory. */
  get summariser(): string {
    return this.#reach.summaries.model
  }

  /** The first turns of a scope in short. @returns as `SummaryGraph.earlier` does @throws CaliberError `not_found` */
  async earlier(turns: EarlierTurns, isPatient: boolean): Promise<InShort | undefined> {
    this.scope(turns.scopeId)
    return this.#reach.summaries.earlier(turns, isPatient)
  }

  /** An item in short. @returns as `SummaryGraph.earlier` does */
  async brief(id: string, isPatient: boolean): Promise<InShort | undefined> {
    const item = this.item(id)
    return item && this.#reach.summaries.brief(item, isPatient)
  }

  /** The live notes that contradict an item, while nobody has resolved it. */
  *contradicting(id: string): Iterable<MemoryItem> {
    for (const other of this.#memory.contradicting(id)) {
      const item = this.item(other)
      if (item) yield item
    }
  }

  /** @throws CaliberError `not_found` */
  assertRegion(regionId: RegionId): void {
    if (!this.#readable.has(regionId)) throw notFound('region', regionId)
  }

  /** @throws CaliberError `not_found` */
  assertTrajectory(trajectoryId: string): void {
    this.regionOfTrajectory(trajectoryId)
  }

  /** @throws CaliberError `not_found` */
  regionOfTrajectory(trajectoryId: string): RegionId {
    const regionId = this.#memory.regionOfTrajectory(trajectoryId)
    if (regionId === undefined || !this.#readable.has(regionId)) throw notFound('trajectory', trajectoryId)
    return regionId
  }

  /** @throws CaliberError `not_found` */
  scope(scopeId: string): ScopeMemory {
    const scope = this.#memory.scope(scopeId)
    if (!scope || !this.#readable.has(scope.regionId)) throw notFound('scope', scopeId)
    return scope
  }

  /** The live notes of a place in the order they were recorded. */
  *notes(place: NotePlace): Iterable<MemoryItem> {
    for (const item of this.#memory.notes(place)) if (this.#readable.has(item.regionId)) yield item
  }

  /** The items that fit a query best, best first; equal scores in log order. Where {@link near} has an answer, give it that. */
  search(search: ViewSearch): readonly Found[] {
    return this.#memory.search({ ...search, regions: this.#readable })
  }

  /** Have compared in the database what a search needs from there; undefined where it needs nothing, as in most memories. */
  near(search: ViewSearch): Promise<Near> | undefined {
    const { compare } = this.#reach
    const comparison = compare && this.#memory.comparison({ ...search, regions: this.#readable })
    if (!comparison) return undefined
    const [seq, basis] = [this.#memory.seq, this.#memory.basisOf(search.vectors)]
    return compare(comparison).then((compared) => ({ ...compared, seq, basis }))
  }
}
