/**
 * Posting lists in shared typed arrays: for each term, the documents that hold it and how often.
 *
 * One arena for all lists, so the many terms that occur once cost a few bytes, not an object each.
 * A list is one segment whose capacity is a power of two; when full it moves to a segment twice the
 * size and leaves the old one for others. Segments of a block or more start on a block boundary, so
 * the bounds of each block of BLOCK postings sit at `position >> BLOCK_BITS` of two small arrays.
 *
 * Invariants: documents within a list ascend; a block's bounds cover each of its postings (they may
 * be loose after removals elsewhere, never tight beyond the truth). Nothing is removed here: dead
 * documents are skipped by the reader and vanish when the index is rebuilt.
 */

/** Postings per block, as a shift: bounds are kept for each block of 32. */
export const BLOCK_BITS = 5
const BLOCK = 1 << BLOCK_BITS
const MAX_COUNT = 0xffff
const NO_LENGTH = 0x7fffffff

/** Growable posting lists, numbered in order of creation. */
export class PostingLists {
  /** Documents of all lists; list `l` occupies positions `start(l)` to `end(l)`. */
  docs = new Int32Array(BLOCK * 32)
  /** Occurrences beside `docs`; 65,535 stands for that many or more. */
  counts = new Uint16Array(BLOCK * 32)

  #blockMaxCount = new Uint16Array(32)
  #blockMinLength = new Int32Array(32)
  #used = 0
  /** Free segments by size class: class c holds 2^c postings. */
  readonly #free: number[][] = Array.from({ length: 31 }, () => [])

  #lists = 0
  #start = new Int32Array(64)
  #size = new Int32Array(64)
  #sizeClass = new Uint8Array(64)
  #maxCount = new Uint16Array(64)
  #minLength = new Int32Array(64)

  /** Number of lists created. */
  get lists(): number {
    return this.#lists
  }

  /** Bytes held, spare capacity included. */
  get bytes(): number {
    const perList = 4 + 4 + 1 + 2 + 4
    const perBlock = 2 + 4
    return this.docs.length * 6 + this.#blockMaxCount.length * perBlock + this.#start.length * perList
  }

  /** Begin an empty list and return its number. */
  create(): number {
    const list = this.#lists++
    if (list === this.#start.length) {
      const capacity = nextCapacity(list)
      this.#start = grown(this.#start, new Int32Array(capacity))
      this.#size = grown(this.#size, new Int32Array(capacity))
      this.#sizeClass = grown(this.#sizeClass, new Uint8Array(capacity))
      this.#maxCount = grown(this.#maxCount, new Uint16Array(capacity))
      this.#minLength = grown(this.#minLength, new Int32Array(capacity))
    }
    this.#start[list] = this.#allocate(0)
    this.#minLength[list] = NO_LENGTH
    return list
  }

  /**
   * Add one posting at the end of a list.
   *
   * @param doc greater than every document in the list
   * @param length of the document, in terms
   */
  append(list: number, doc: number, count: number, length: number): void {
    const size = this.#size[list] ?? 0
    if (size === 1 << (this.#sizeClass[list] ?? 0)) this.#move(list, size)

    const position = (this.#start[list] ?? 0) + size
    const stored = Math.min(count, MAX_COUNT)
    this.docs[position] = doc
    this.counts[position] = stored
    this.#size[list] = size + 1
    this.#maxCount[list] = Math.max(this.#maxCount[list] ?? 0, stored)
    this.#minLength[list] = Math.min(this.#minLength[list] ?? 0, length)

    if ((this.#sizeClass[list] ?? 0) >= BLOCK_BITS) {
      const block = position >> BLOCK_BITS
      const fresh = (position & (BLOCK - 1)) === 0
      this.#blockMaxCount[block] = fresh ? stored : Math.max(this.#blockMaxCount[block] ?? 0, stored)
      this.#blockMinLength[block] = fresh ? length : Math.min(this.#blockMinLength[block] ?? 0, length)
    }
  }

  /** First position of a list. */
  start(list: number): number {
    return this.#start[list] ?? 0
  }

  /** Position after the last posting of a list. */
  end(list: number): number {
    return (this.#start[list] ?? 0) + (this.#size[list] ?? 0)
  }

  /** Most occurrences of the term in one document of the block at `position`. */
  maxCount(list: number, position: number): number {
    return (this.#sizeClass[list] ?? 0) < BLOCK_BITS
      ? (this.#maxCount[list] ?? 0)
      : (this.#blockMaxCount[position >> BLOCK_BITS] ?? 0)
  }

  /** Length of the shortest document of the block at `position`. */
  minLength(list: number, position: number): number {
    return (this.#sizeClass[list] ?? 0) < BLOCK_BITS
      ? (this.#minLength[list] ?? 0)
      : (this.#blockMinLength[position >> BLOCK_BITS] ?? 0)
  }

  /** First position in [from, end) whose document is `doc` or later: steps double, then halve. */
  seek(from: number, end: number, doc: number): number {
    const docs = this.docs
    let low = from
    let high = from
    let step = 1
    while (high < end && (docs[high] ?? 0) < doc) {
      low = high + 1
      high += step
      step *= 2
    }
    if (high > end) high = end
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((docs[middle] ?? 0) < doc) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Move a full list to a segment twice the size. */
  #move(list: number, size: number): void {
    const from = this.#start[list] ?? 0
    const sizeClass = this.#sizeClass[list] ?? 0
    const to = this.#allocate(sizeClass + 1)
    this.docs.copyWithin(to, from, from + size)
    this.counts.copyWithin(to, from, from + size)

    if (sizeClass >= BLOCK_BITS) {
      const first = from >> BLOCK_BITS
      const last = (from + size) >> BLOCK_BITS
      this.#blockMaxCount.copyWithin(to >> BLOCK_BITS, first, last)
      this.#blockMinLength.copyWithin(to >> BLOCK_BITS, first, last)
    } else if (sizeClass + 1 === BLOCK_BITS) {
      this.#blockMaxCount[to >> BLOCK_BITS] = this.#maxCount[list] ?? 0
      this.#blockMinLength[to >> BLOCK_BITS] = this.#minLength[list] ?? 0
    }
    this.#free[sizeClass]?.push(from)
    this.#start[list] = to
    this.#sizeClass[list] = sizeClass + 1
  }

  /** Take a segment of 2^sizeClass postings: a free one, or new space; small ones are cut from one block. */
  #allocate(sizeClass: number): number {
    const reused = this.#free[sizeClass]?.pop()
    if (reused !== undefined) return reused

    const taken = this.#used
    const size = 1 << sizeClass
    this.#used += Math.max(size, BLOCK)
    this.#reserve(this.#used)
    for (let rest = taken + BLOCK - size; rest > taken; rest -= size) this.#free[sizeClass]?.push(rest)
    return taken
  }

  #reserve(needed: number): void {
    if (needed <= this.docs.length) return
    const capacity = Math.max(nextCapacity(this.docs.length), Math.ceil(needed / BLOCK) * BLOCK)
    this.docs = grown(this.docs, new Int32Array(capacity))
    this.counts = grown(this.counts, new Uint16Array(capacity))
    this.#blockMaxCount = grown(this.#blockMaxCount, new Uint16Array(capacity / BLOCK))
    this.#blockMinLength = grown(this.#blockMinLength, new Int32Array(capacity / BLOCK))
  }
}

type Numbers = Int32Array | Uint16Array | Uint8Array

/** Half as much again, in whole blocks: amortised linear growth with at most a third spare. */
export function nextCapacity(length: number): number {
  return Math.ceil((length * 1.5) / BLOCK) * BLOCK
}

/** Copy an array into a larger one and return that. */
export function grown<T extends Numbers>(array: T, larger: T): T {
  larger.set(array)
  return larger
}
