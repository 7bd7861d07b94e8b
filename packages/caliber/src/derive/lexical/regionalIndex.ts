/**
 * The words of a tenant, an index for each region.
 *
 * Invariant: what a search finds, and every score, is what an index of the regions that it is made in would give. What
 * lies in another region changes nothing, not even how rare a word is.
 */
import type { RegionId } from '../../domain/ids.ts'
import { Bm25Index, type Hit } from './bm25.ts'
import { united } from './corpus.ts'

export interface RegionalSearch {
  /** Hits wanted at most. */
  readonly limit: number
  /** Keep a document out by returning false; it still counts in the statistics of its region. */
  accept(doc: number): boolean
}

/** Hits, highest score first and equal ones by lower ordinal, with the share of each query term in each score. */
export interface RegionalHit extends Hit {
  readonly shares: readonly number[]
}

export class RegionalIndex {
  readonly #indexes = new Map<RegionId, Bm25Index>()

  /** Estimated octets held. */
  get bytes(): number {
    let sum = 0
    for (const index of this.#indexes.values()) sum += index.bytes
    return sum
  }

  /** @throws RangeError as `Bm25Index.add` does; `doc` is of one region at a time */
  add(regionId: RegionId, doc: number, terms: readonly string[]): void {
    const index = this.#indexes.get(regionId) ?? new Bm25Index()
    index.add(doc, terms)
    this.#indexes.set(regionId, index)
  }

  remove(regionId: RegionId, doc: number): void {
    const index = this.#indexes.get(regionId)
    if (index?.remove(doc) && index.size === 0) this.#indexes.delete(regionId)
  }

  /** Drop what removed documents have left behind. */
  compact(): void {
    for (const index of this.#indexes.values()) index.compact()
  }

  search(regions: ReadonlySet<RegionId>, queryTerms: readonly string[], options: RegionalSearch): RegionalHit[] {
    const { limit, accept } = options
    // The largest first: what it finds is the bar for the others.
    const open = [...this.#indexes]
      .filter(([regionId]) => regions.has(regionId))
      .map(([, index]) => index)
      .sort((a, b) => b.size - a.size)
    const corpus = united(open)
    let best: { readonly hit: Hit; readonly index: Bm25Index }[] = []
    for (const index of open) {
      const leastScore = best[limit - 1]?.hit.score ?? 0
      const hits = index.search(queryTerms, { limit, accept, corpus, leastScore })
      if (hits.length === 0) continue
      best = [...best, ...hits.map((hit) => ({ hit, index }))]
        .sort((a, b) => b.hit.score - a.hit.score || a.hit.doc - b.hit.doc)
        .slice(0, limit)
    }
    return withShares(best, (index, docs) => index.termScores(docs, queryTerms, corpus))
  }
}

function withShares(
  best: readonly { readonly hit: Hit; readonly index: Bm25Index }[],
  sharesOf: (index: Bm25Index, docs: readonly number[]) => readonly number[][],
): RegionalHit[] {
  const shares = new Map<number, readonly number[]>()
  for (const index of new Set(best.map((each) => each.index))) {
    const docs = best.filter((each) => each.index === index).map(({ hit }) => hit.doc)
    for (const [i, of] of sharesOf(index, docs).entries()) shares.set(docs[i] ?? -1, of)
  }
  return best.map(({ hit }) => ({ ...hit, shares: shares.get(hit.doc) ?? [] }))
}
