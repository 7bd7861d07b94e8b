/**
 * An in-memory index of directions that is searched by looking at every one of them.
 *
 * Rows lie in one array, so a scan reads memory in order: 100,000 rows of 384 dimensions take some 35 ms on the machine of
 * the figures. Octets with exact re-ranking would take a quarter of the space; in JavaScript their scan was slower than
 * this one (41 to 49 ms against 32 to 42, 2026-11), so rows are 32-bit floats and every cosine is exact.
 *
 * Invariants:
 *   1. A cosine is a multiple of 2^-24. Such numbers add without error, so the mean of a search depends on the vectors
 *      that it may see and on the query: not on the order in which they came.
 *   2. What `accept` keeps out is neither scored nor ranked nor part of the mean.
 */
import { BestRows } from '../bestRows.ts'

/** One document found. */
export interface VectorHit {
  readonly doc: number
  readonly cosine: number
}

export interface VectorSearch {
  readonly limit: number
  /** Keep a document out by returning false. Asked for every document; must not use the index. */
  accept(doc: number): boolean
}

export interface VectorHits {
  /** Highest cosine first, equal ones by lower ordinal; above 0. */
  readonly hits: readonly VectorHit[]
  /** Mean cosine of everything that was accepted; 0 for nothing. */
  readonly mean: number
}

const units = 2 ** 24
/** Of a row that a search did not look at: no cosine. */
const unscored = -(2 ** 31)
const leastRows = 64

/** Vectors of length 1, each of a document known by an ordinal of the caller's. */
export class VectorIndex {
  readonly dimensions: number
  #rows: Float32Array
  /** Of each row, its document. */
  #docOf = new Int32Array(leastRows)
  readonly #rowOf = new Map<number, number>()
  /** Of the last search, while its rows are where they were: the score of each row that it looked at. */
  #searched: Float32Array | undefined
  #scores = new Int32Array(0)

  constructor(dimensions: number) {
    this.dimensions = dimensions
    this.#rows = new Float32Array(leastRows * dimensions)
  }

  /** Documents held. */
  get size(): number {
    return this.#rowOf.size
  }

  /** Octets held, spare capacity included: exact for arrays, 40 per entry of the map. */
  get bytes(): number {
    return this.#rows.byteLength + this.#docOf.byteLength + this.#scores.byteLength + this.#rowOf.size * 40
  }

  /** Hold a document's vector, in place of one it had. @throws RangeError for other dimensions */
  add(doc: number, vector: Float32Array): void {
    if (vector.length !== this.dimensions) {
      throw new RangeError(`A vector of ${vector.length} dimensions does not fit an index of ${this.dimensions}.`)
    }
    const row = this.#rowOf.get(doc) ?? this.size
    if (row === this.#docOf.length) this.#resize(Math.ceil(row * 1.5))
    this.#searched = undefined
    this.#rows.set(vector, row * this.dimensions)
    this.#docOf[row] = doc
    this.#rowOf.set(doc, row)
  }

  has(doc: number): boolean {
    return this.#rowOf.has(doc)
  }

  docs(): Iterable<number> {
    return this.#rowOf.keys()
  }

  /** Remove a document: the last row takes its place. @returns false when it is not there */
  remove(doc: number): boolean {
    const row = this.#rowOf.get(doc)
    if (row === undefined) return false
    this.#searched = undefined
    const last = this.size - 1
    const moved = this.#docOf[last] ?? 0
    this.#rows.copyWithin(row * this.dimensions, last * this.dimensions, (last + 1) * this.dimensions)
    this.#docOf[row] = moved
    this.#rowOf.set(moved, row)
    this.#rowOf.delete(doc)
    if (this.size < this.#docOf.length / 4 && this.#docOf.length > leastRows) {
      this.#resize(Math.max(leastRows, this.size * 2))
    }
    return true
  }

  /** Cosine of a document with a query; undefined for a document without a vector. */
  cosine(doc: number, query: Float32Array): number | undefined {
    const row = this.#rowOf.get(doc)
    if (row === undefined) return undefined
    const known = query === this.#searched ? (this.#scores[row] ?? unscored) : unscored
    return (known === unscored ? this.#score(row, query) : known) / units
  }

  /** Find the documents nearest to a query. */
  search(query: Float32Array, { limit, accept }: VectorSearch): VectorHits {
    const best = new BestRows(Math.min(Math.floor(limit), this.size), this.#docOf, false)
    if (this.#scores.length < this.size) this.#scores = new Int32Array(this.#docOf.length)
    this.#scores.fill(unscored, 0, this.size)
    this.#searched = query
    let sum = 0
    let accepted = 0
    for (let row = 0; row < this.size; row += 1) {
      if (!accept(this.#docOf[row] ?? 0)) continue
      const score = this.#score(row, query)
      this.#scores[row] = score
      sum += score
      accepted += 1
      if (best.wouldEnter(score, row)) best.enter(score, row)
    }
    const hits = best.take((row, score) => ({ doc: this.#docOf[row] ?? 0, cosine: score / units }))
    return { hits, mean: accepted === 0 ? 0 : sum / accepted / units }
  }

  /** Cosine in whole units. Four sums side by side, because one would wait for itself. */
  #score(row: number, query: Float32Array): number {
    const rows = this.#rows
    const from = row * this.dimensions
    const whole = this.dimensions & ~3
    let [a, b, c, d] = [0, 0, 0, 0]
    for (let i = 0; i < whole; i += 4) {
      a += (rows[from + i] ?? 0) * (query[i] ?? 0)
      b += (rows[from + i + 1] ?? 0) * (query[i + 1] ?? 0)
      c += (rows[from + i + 2] ?? 0) * (query[i + 2] ?? 0)
      d += (rows[from + i + 3] ?? 0) * (query[i + 3] ?? 0)
    }
    for (let i = whole; i < this.dimensions; i += 1) a += (rows[from + i] ?? 0) * (query[i] ?? 0)
    return Math.round((a + b + (c + d)) * units)
  }

  #resize(rows: number): void {
    const [held, docs] = [this.#rows, this.#docOf]
    this.#scores = new Int32Array(0)
    this.#rows = new Float32Array(rows * this.dimensions)
    this.#rows.set(held.subarray(0, Math.min(held.length, this.#rows.length)))
    this.#docOf = new Int32Array(rows)
    this.#docOf.set(docs.subarray(0, Math.min(docs.length, rows)))
  }
}
