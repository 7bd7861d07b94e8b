/**
 * The best rows a search has seen: a binary heap of fixed capacity with the worst on top.
 *
 * Invariant: a row ranks by higher sum, then by lower ordinal of its document. `floor` never falls, and
 * no row whose sum is `floor` or less can still enter, so a search may skip whatever is bounded by it.
 */

/** Keeps the best `capacity` rows offered to it. */
export class BestRows {
  /** Rows kept at most. */
  readonly capacity: number
  /** A sum of this or less, in whole units, cannot enter. */
  floor = 0
  readonly #docOf: Int32Array
  readonly #ascending: boolean
  readonly #rows: Int32Array
  readonly #sums: Float64Array
  #size = 0

  /**
   * @param docOf ordinal of each row's document
   * @param ascending whether rows are offered in ascending order of ordinals: then ties never enter
   */
  constructor(capacity: number, docOf: Int32Array, ascending: boolean) {
    this.capacity = Math.max(capacity, 0)
    this.#docOf = docOf
    this.#ascending = ascending
    this.#rows = new Int32Array(this.capacity)
    this.#sums = new Float64Array(this.capacity)
  }

  /** Whether a row would be kept if offered now. */
  wouldEnter(sum: number, row: number): boolean {
    return sum > this.floor && (this.#size < this.capacity || this.#isBelow(0, sum, row))
  }

  /** Take a row for which `wouldEnter` holds, in place of the worst when full. */
  enter(sum: number, row: number): void {
    if (this.#size < this.capacity) this.#rise(this.#size++, sum, row)
    else this.#sink(sum, row)
    // Sums are whole units: just below the worst, unless ties are lost anyway.
    if (this.#size === this.capacity) this.floor = (this.#sums[0] ?? 0) - (this.#ascending ? 0 : 1)
  }

  /** List what was kept, best first. */
  take<T>(entry: (row: number, sum: number) => T): T[] {
    const order = Array.from(this.#rows.subarray(0, this.#size), (_, i) => i)
    order.sort((x, y) => (this.#isBelow(x, this.#sums[y] ?? 0, this.#rows[y] ?? 0) ? 1 : -1))
    return order.map((i) => entry(this.#rows[i] ?? 0, this.#sums[i] ?? 0))
  }

  /** Whether the entry at `i` ranks below (sum, row). */
  #isBelow(i: number, sum: number, row: number): boolean {
    const own = this.#sums[i] ?? 0
    return own < sum || (own === sum && (this.#docOf[this.#rows[i] ?? 0] ?? 0) > (this.#docOf[row] ?? 0))
  }

  #rise(from: number, sum: number, row: number): void {
    let i = from
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (this.#isBelow(parent, sum, row)) break
      this.#put(i, this.#sums[parent] ?? 0, this.#rows[parent] ?? 0)
      i = parent
    }
    this.#put(i, sum, row)
  }

  #sink(sum: number, row: number): void {
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= this.#size) break
      const right = child + 1
      if (right < this.#size && this.#isBelow(right, this.#sums[child] ?? 0, this.#rows[child] ?? 0)) child = right
      if (!this.#isBelow(child, sum, row)) break
      this.#put(i, this.#sums[child] ?? 0, this.#rows[child] ?? 0)
      i = child
    }
    this.#put(i, sum, row)
  }

  #put(i: number, sum: number, row: number): void {
    this.#sums[i] = sum
    this.#rows[i] = row
  }
}
