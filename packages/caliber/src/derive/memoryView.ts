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
import type { Embedded, Found, NotePlace, Search, TenantMemory } from './tenantMemory.ts'
import type { QuestionVectors } from './vector/vectorSpace.ts'

export class MemoryView {
  readonly #memory: TenantMemory
  readonly #readable: ReadonlySet<RegionId>
  readonly #summaries: SummaryGraph

  /** @param summaries over that memory */
  constructor(memory: TenantMemory, principal: Pick<Principal, 'principalId' | 'regions'>, summaries: SummaryGraph) {
    this.#memory = memory
    this.#summaries = summaries
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

  /** What a search by these vectors stands on; undefined where items get none. */
  basisOf(vectors: QuestionVectors): SemanticBasis | undefined {
    return this.#memory.basisOf(vectors)
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
    return this.#memory.residueOf(ids, words) + this.#summaries.residueOf(words)
  }

  /** What was said in a scope, in short. @throws CaliberError `not_found`; `unavailable` as `SummaryGraph.ofScope` does */
  summaryOfScope(scopeId: string): Promise<SummaryAnswer> {
    this.scope(scopeId)
    return this.#summaries.ofScope(scopeId)
  }

  /** What was said in the scopes of a trajectory, in short. @throws CaliberError as {@link summaryOfScope} does */
  summaryOfTrajectory(trajectoryId: string): Promise<SummaryAnswer> {
    this.assertTrajectory(trajectoryId)
    return this.#summaries.ofTrajectory(trajectoryId)
  }

  /** What recurs over the trajectories of a region. @throws CaliberError as {@link summaryOfScope} does */
  principlesOf(regionId: RegionId): Promise<SummaryAnswer> {
    this.assertRegion(regionId)
    return this.#summaries.ofRegion(regionId)
  }

  /** What makes the summaries of the memory. */
  get summariser(): string {
    return this.#summaries.model
  }

  /** The first turns of a scope in short. @returns as `SummaryGraph.earlier` does @throws CaliberError `not_found` */
  async earlier(turns: EarlierTurns, isPatient: boolean): Promise<InShort | undefined> {
    this.scope(turns.scopeId)
    return this.#summaries.earlier(turns, isPatient)
  }

  /** An item in short. @returns as `SummaryGraph.earlier` does */
  async brief(id: string, isPatient: boolean): Promise<InShort | undefined> {
    const item = this.item(id)
    return item && this.#summaries.brief(item, isPatient)
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

  /** The items that fit a query best, best first; equal scores in log order. */
  search(search: Omit<Search, 'regions'>): readonly Found[] {
    return this.#memory.search({ ...search, regions: this.#readable })
  }
}
