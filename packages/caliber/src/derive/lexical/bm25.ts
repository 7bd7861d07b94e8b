/**
 * An in-memory BM25 index that stays exact while documents come and go.
 *
 * Score of a document = sum over the query's distinct terms of
 *   idf · count·(k1 + 1) / (count + k1·(1 − b + b·length/meanLength)),  idf = ln(1 + (N − n + 0.5)/(n + 0.5))
 * (Robertson & Zaragoza 2009, with the idf that Lucene uses, which is never negative), N, n and meanLength
 * over the live documents of a corpus: the index itself, or those of several that are searched together
 * (corpus.ts). k1 = 0.9 and b = 0.4 after Trotman, Jia & Crane (2012), the defaults of Anserini.
 *
 * Invariants:
 *   1. Each term's share is rounded up to a multiple of 2^-32. Such numbers add without error, so a score
 *      depends on the live documents and the query only: not on history, order of terms, or pruning.
 *   2. The result is the exact top `limit`. A posting is skipped only when the bounds of its block and of
 *      the other terms show that its document cannot enter (MaxScore over block maxima, in windows of
 *      document numbers: Turtle & Flood 1995, Ding & Suel 2011).
 *   3. A query allocates in proportion to its terms and `limit`, never to the number of documents.
 *
 * A removed document is a tombstone until tombstones outweigh the living; then the index is rebuilt
 * from its own postings. Text and languages are the business of `terms.ts`; ranking a dialogue, of
 * `neighbours.ts`.
 */

import { BestRows } from '../bestRows.ts'
import type { Corpus } from './corpus.ts'
import { BLOCK_BITS, grown, nextCapacity, PostingLists } from './postings.ts'

/** One document found. */
export interface Hit {
  readonly doc: number
  /** BM25 score, above zero, a multiple of 2^-32. Comparable within one query only. */
  readonly score: number
}

/** Work done by searches, added to by each search it is given to. */
export interface SearchWork {
  /** Postings of the query's terms: what a full scan would read. */
  postingsTotal: number
  /** Postings read and scored. */
  postingsScored: number
  /** Documents for which `accept` was asked or, without it, that entered the best so far. */
  docsOffered: number
}

/** How to search. */
export interface SearchOptions {
  /** Hits wanted at most. */
  readonly limit: number
  /** What scores are relative to: documents of this index among them. The index itself where left out. */
  readonly corpus?: Corpus
  /** Only hits that score this or more. */
  readonly leastScore?: number
  /** Keep a document out by returning false. Asked only for documents that would enter; must not use the index. */
  readonly accept?: (doc: number) => boolean
  /** Counters to add this search's work to. */
  readonly work?: SearchWork
}

/** Term saturation and length normalisation; see the header for their source. */
const K1 = 0.9
const B = 0.4

/** Distinct terms of a query that are searched for; beyond it the commonest are left out. */
export const MAX_QUERY_TERMS = 64

/** Shares of scores are counted in units of 2^-32: 64 terms stay far below 2^53. */
const UNITS = 2 ** 32

/** Documents per window: the scratch arrays have this size whatever the size of the index. */
const WINDOW_BITS = 11
const WINDOW = 1 << WINDOW_BITS

/** Fewer dead postings than this are not worth a rebuild. */
const MIN_DEAD_POSTINGS = 4096

/** Of a search under way, which ends before the next begins; clean between searches. */
const sums = new Float64Array(WINDOW)
const touched = new Int32Array(WINDOW >> 5)

/** A searchable set of documents, each known by an ordinal of the caller's. */
export class Bm25Index implements Corpus {
  /** Term to list number. */
  #lists = new Map<string, number>()
  #postings = new PostingLists()
  /** Live documents of each list. */
  #holders = new Int32Array(64)
  /** Scratch of `add`: occurrences of each list's term in the document; 0 between calls. */
  #countIn = new Int32Array(64)
  #dictionaryBytes = 0

  /** Caller's ordinal of a live document to row; rows are numbered in order of adding. */
  #rowOf = new Map<number, number>()
  #rows = 0
  #docOf = new Int32Array(64)
  /** Terms in a row's document; 0 once it is removed. */
  #lengthOf = new Int32Array(64)
  /** Lists a row occurs in: from `#listsFrom[row]` to `#listsFrom[row + 1]` of `#listsIn`. */
  #listsFrom = new Int32Array(64)
  #listsIn = new Int32Array(256)

  #totalLength = 0
  #deadPostings = 0
  /** Whether ordinals ascend with rows: then a later row never wins a tie. */
  #ascending = true

  /** Live documents. */
  get size(): number {
    return this.#rowOf.size
  }

  /** Terms of all live documents. */
  get totalLength(): number {
    return this.#totalLength
  }

  holders(term: string): number {
    const list = this.#lists.get(term)
    return list === undefined ? 0 : (this.#holders[list] ?? 0)
  }

  /** Estimated bytes held: exact for arrays, 40 per entry of a map and 16 + 1 per character for a string. */
  get bytes(): number {
    const perRow = 4 + 4 + 4
    const perRowOf = 40
    return (
      this.#postings.bytes +
      this.#dictionaryBytes +
      this.#holders.byteLength +
      this.#countIn.byteLength +
      this.#docOf.length * perRow +
      this.#listsIn.byteLength +
      this.#rowOf.size * perRowOf
    )
  }

  /**
   * Add a document; one without terms counts but is never found.
   *
   * @param doc an integer from 0 to 2^31 − 1 of no live document
   * @throws RangeError when `doc` is out of range or already present
   */
  add(doc: number, terms: readonly string[]): void {
    if (!Number.isInteger(doc) || doc < 0 || doc > 0x7fffffff) {
      throw new RangeError(`Document ordinal ${doc} is not an integer from 0 to 2^31 - 1.`)
    }
    if (this.#rowOf.has(doc)) {
      throw new RangeError(`Document ${doc} is already in the index. Remove it before adding it again.`)
    }
    const lists: number[] = []
    for (const term of terms) {
      const list = this.#listOf(term)
      const count = this.#countIn[list] ?? 0
      if (count === 0) lists.push(list)
      this.#countIn[list] = count + 1
    }
    const row = this.#openRow(doc, terms.length, lists.length)
    let next = this.#listsFrom[row] ?? 0
    for (const list of lists) {
      this.#postings.append(list, row, this.#countIn[list] ?? 0, terms.length)
      this.#countIn[list] = 0
      this.#holders[list] = (this.#holders[list] ?? 0) + 1
      this.#listsIn[next++] = list
    }
  }

  /** Remove a document; false when it is not in the index. */
  remove(doc: number): boolean {
    const row = this.#rowOf.get(doc)
    if (row === undefined) return false

    const from = this.#listsFrom[row] ?? 0
    const end = this.#listsFrom[row + 1] ?? 0
    for (let i = from; i < end; i++) {
      const list = this.#listsIn[i] ?? 0
      this.#holders[list] = (this.#holders[list] ?? 0) - 1
    }
    this.#rowOf.delete(doc)
    this.#totalLength -= this.#lengthOf[row] ?? 0
    this.#lengthOf[row] = 0
    this.#deadPostings += end - from

    const livePostings = (this.#listsFrom[this.#rows] ?? 0) - this.#deadPostings
    if (this.#deadPostings > Math.max(livePostings, MIN_DEAD_POSTINGS)) this.compact()
    return true
  }

  /** Drop tombstones now: copy the live documents, by ordinal, into an empty index and take over its content. */
  compact(): void {
    const fresh = new Bm25Index()
    const newRowOf = new Int32Array(this.#rows).fill(-1)
    for (const [doc, row] of [...this.#rowOf].sort(([x], [y]) => x - y)) {
      const listsIn = (this.#listsFrom[row + 1] ?? 0) - (this.#listsFrom[row] ?? 0)
      newRowOf[row] = fresh.#openRow(doc, this.#lengthOf[row] ?? 0, listsIn)
    }

    const nextOf = fresh.#listsFrom.slice() // per new row, where its next list number goes
    for (const [term, list] of this.#lists) {
      if ((this.#holders[list] ?? 0) === 0) continue
      const newList = fresh.#listOf(term)
      fresh.#holders[newList] = this.#holders[list] ?? 0
      for (const position of this.#livePositions(list, newRowOf)) {
        const row = newRowOf[this.#postings.docs[position] ?? 0] ?? 0
        fresh.#postings.append(newList, row, this.#postings.counts[position] ?? 0, fresh.#lengthOf[row] ?? 0)
        const next = nextOf[row] ?? 0
        fresh.#listsIn[next] = newList
        nextOf[row] = next + 1
      }
    }
    this.#lists = fresh.#lists
    this.#postings = fresh.#postings
    this.#holders = fresh.#holders
    this.#countIn = fresh.#countIn
    this.#dictionaryBytes = fresh.#dictionaryBytes
    this.#rowOf = fresh.#rowOf
    this.#rows = fresh.#rows
    this.#docOf = fresh.#docOf
    this.#lengthOf = fresh.#lengthOf
    this.#listsFrom = fresh.#listsFrom
    this.#listsIn = fresh.#listsIn
    this.#totalLength = fresh.#totalLength
    this.#deadPostings = 0
    this.#ascending = true
  }

  /** Find the best documents for a query: highest score first, equal scores by lower ordinal. */
  search(queryTerms: readonly string[], options: SearchOptions): Hit[] {
    const cursors = this.#openCursors(queryTerms, options.corpus)
    const best = new BestRows(Math.min(Math.floor(options.limit), this.size), this.#docOf, this.#ascending)
    if (options.leastScore !== undefined) best.floor = Math.max(0, options.leastScore * UNITS - 1)
    if (options.work !== undefined) {
      for (const cursor of cursors) options.work.postingsTotal += cursor.end - cursor.position
    }

    try {
      while (best.capacity > 0) {
        let row = this.#rows
        for (const cursor of cursors) {
          if (cursor.position < cursor.end) row = Math.min(row, this.#postings.docs[cursor.position] ?? 0)
        }
        if (row === this.#rows) break
        this.#searchWindow(row & ~(WINDOW - 1), cursors, best, options)
      }
    } finally {
      // `accept` may throw in the middle of a window; the next search must find clean scratch.
      sums.fill(0)
      touched.fill(0)
    }
    return best.take((row, sum) => ({ doc: this.#docOf[row] ?? 0, score: sum / UNITS }))
  }

  /**
   * Split the scores of documents into the shares of each query term, in the order of `queryTerms`.
   *
   * The shares of a hit's document sum to its score exactly, given the corpus of its search. A document that is not in the index, a term
   * repeated in the query, and a term beyond `MAX_QUERY_TERMS` have shares of 0.
   */
  termScores(docs: readonly number[], queryTerms: readonly string[], corpus?: Corpus): number[][] {
    const cursors = this.#openCursors(queryTerms, corpus)
    const places = cursors.map((cursor) => queryTerms.indexOf(cursor.term))

    return docs.map((doc) => {
      const shares = queryTerms.map(() => 0)
      const row = this.#rowOf.get(doc)
      if (row === undefined) return shares
      const length = this.#lengthOf[row] ?? 0
      for (let i = 0; i < cursors.length; i++) {
        const cursor = cursors[i]
        if (cursor === undefined) break
        const position = this.#postings.seek(cursor.position, cursor.end, row)
        if (position < cursor.end && (this.#postings.docs[position] ?? 0) === row) {
          shares[places[i] ?? 0] = this.#share(cursor, this.#postings.counts[position] ?? 0, length) / UNITS
        }
      }
      return shares
    })
  }

  /** Score one window of rows, from `start`, and move every cursor past it. */
  #searchWindow(start: number, cursors: readonly Cursor[], best: BestRows, options: SearchOptions): void {
    const postings = this.#postings
    let boundOfAll = 0
    for (const cursor of cursors) {
      cursor.windowEnd = postings.seek(cursor.position, cursor.end, start + WINDOW)
      cursor.windowBound = this.#boundWithin(cursor)
      boundOfAll += cursor.windowBound
    }

    // The commonest terms alone, from `optional` on, cannot lift a document above the floor.
    let optional = cursors.length
    let boundOfOptional = 0
    while (optional > 0) {
      const bound = boundOfOptional + (cursors[optional - 1]?.windowBound ?? 0)
      if (bound > best.floor) break
      boundOfOptional = bound
      optional -= 1
    }

    let scored = 0
    for (let i = 0; i < optional; i++) {
      const cursor = cursors[i]
      if (cursor !== undefined) scored += this.#sumPostings(cursor, start, best.floor - boundOfAll + cursor.windowBound)
    }
    if (optional > 0) scored += this.#offerTouched(start, cursors, optional, boundOfOptional, best, options)
    if (options.work !== undefined) options.work.postingsScored += scored

    for (const cursor of cursors) cursor.position = cursor.windowEnd
  }

  /** Add a term's shares to the sums of its window, leaving out blocks that give no more than `enough`. */
  #sumPostings(cursor: Cursor, start: number, enough: number): number {
    const { docs, counts } = this.#postings
    let scored = 0
    let position = cursor.position

    while (position < cursor.windowEnd) {
      const blockEnd = Math.min(cursor.windowEnd, ((position >> BLOCK_BITS) + 1) << BLOCK_BITS)
      if (enough > 0 && this.#blockBound(cursor, position) <= enough) {
        position = blockEnd
        continue
      }
      for (; position < blockEnd; position++) {
        const row = docs[position] ?? 0
        const length = this.#lengthOf[row] ?? 0
        if (length === 0) continue
        const slot = row - start
        sums[slot] = (sums[slot] ?? 0) + this.#share(cursor, counts[position] ?? 0, length)
        touched[slot >> 5] = (touched[slot >> 5] ?? 0) | (1 << (slot & 31))
        scored += 1
      }
    }
    return scored
  }

  /** Complete the sums of a window with the optional terms, offer those above the floor, and clear the scratch. */
  #offerTouched(
    start: number,
    cursors: readonly Cursor[],
    optional: number,
    boundOfOptional: number,
    best: BestRows,
    options: SearchOptions,
  ): number {
    let scored = 0
    for (let word = 0; word < touched.length; word++) {
      let bits = touched[word] ?? 0
      if (bits === 0) continue
      touched[word] = 0
      for (; bits !== 0; bits &= bits - 1) {
        const slot = (word << 5) + (31 - Math.clz32(bits & -bits))
        const row = start + slot
        let sum = sums[slot] ?? 0
        sums[slot] = 0

        let bound = boundOfOptional
        for (let i = optional; i < cursors.length && sum + bound > best.floor; i++) {
          const cursor = cursors[i]
          if (cursor === undefined) break
          bound -= cursor.windowBound
          cursor.position = this.#postings.seek(cursor.position, cursor.windowEnd, row)
          if (cursor.position < cursor.windowEnd && (this.#postings.docs[cursor.position] ?? 0) === row) {
            sum += this.#share(cursor, this.#postings.counts[cursor.position] ?? 0, this.#lengthOf[row] ?? 0)
            scored += 1
          }
        }
        if (!best.wouldEnter(sum, row)) continue
        if (options.work !== undefined) options.work.docsOffered += 1
        if (options.accept === undefined || options.accept(this.#docOf[row] ?? 0)) best.enter(sum, row)
      }
    }
    return scored
  }

  /** Open a cursor for each distinct term with a live document, the corpus's rarest first, `MAX_QUERY_TERMS` at most. */
  #openCursors(queryTerms: readonly string[], corpus: Corpus = this): Cursor[] {
    const normPerTerm = (K1 * B) / (corpus.totalLength / corpus.size)
    const known = Array.from(new Set(queryTerms), (term) => ({ term, holders: corpus.holders(term) }))
      .filter(({ holders }) => holders > 0)
      .sort((x, y) => x.holders - y.holders || (x.term < y.term ? -1 : 1))
      .slice(0, MAX_QUERY_TERMS)

    const cursors: Cursor[] = []
    for (const { term, holders } of known) {
      const list = this.#lists.get(term)
      if (list === undefined || this.#holders[list] === 0) continue
      const idf = Math.log(1 + (corpus.size - holders + 0.5) / (holders + 0.5))
      cursors.push({
        term,
        list,
        weight: idf * (K1 + 1) * UNITS,
        normBase: K1 * (1 - B),
        normPerTerm,
        position: this.#postings.start(list),
        end: this.#postings.end(list),
        windowEnd: 0,
        windowBound: 0,
      })
    }
    return cursors
  }

  /** A term's share of a score, in units; grows with `count` and falls with `length`, rounding included. */
  #share(cursor: Cursor, count: number, length: number): number {
    return Math.ceil(cursor.weight / (1 + (cursor.normBase + cursor.normPerTerm * length) / count))
  }

  #blockBound(cursor: Cursor, position: number): number {
    const { list } = cursor
    return this.#share(cursor, this.#postings.maxCount(list, position), this.#postings.minLength(list, position))
  }

  /** The most a term can give to a document of the current window. */
  #boundWithin(cursor: Cursor): number {
    let bound = 0
    let position = cursor.position
    while (position < cursor.windowEnd) {
      bound = Math.max(bound, this.#blockBound(cursor, position))
      position = ((position >> BLOCK_BITS) + 1) << BLOCK_BITS
    }
    return bound
  }

  /** Begin the next row, with room for the numbers of its lists; the caller fills them in. */
  #openRow(doc: number, length: number, listsIn: number): number {
    const row = this.#rows
    const end = (this.#listsFrom[row] ?? 0) + listsIn
    this.#reserve(row, end)
    this.#listsFrom[row + 1] = end
    this.#ascending &&= row === 0 || doc > (this.#docOf[row - 1] ?? 0)
    this.#docOf[row] = doc
    this.#lengthOf[row] = length
    this.#rowOf.set(doc, row)
    this.#totalLength += length
    this.#rows = row + 1
    return row
  }

  /** Positions of a list's live postings, by new row. */
  #livePositions(list: number, newRowOf: Int32Array): number[] {
    const { docs } = this.#postings
    const positions: number[] = []
    for (let position = this.#postings.start(list); position < this.#postings.end(list); position++) {
      if ((newRowOf[docs[position] ?? 0] ?? 0) >= 0) positions.push(position)
    }
    if (!this.#ascending) positions.sort((x, y) => (newRowOf[docs[x] ?? 0] ?? 0) - (newRowOf[docs[y] ?? 0] ?? 0))
    return positions
  }

  #listOf(term: string): number {
    const known = this.#lists.get(term)
    if (known !== undefined) return known
    const list = this.#postings.create()
    this.#lists.set(term, list)
    this.#dictionaryBytes += 40 + 16 + term.length
    if (list === this.#holders.length) {
      this.#holders = grown(this.#holders, new Int32Array(nextCapacity(list)))
      this.#countIn = grown(this.#countIn, new Int32Array(nextCapacity(list)))
    }
    return list
  }

  #reserve(row: number, listsIn: number): void {
    if (row + 1 === this.#docOf.length) {
      const capacity = nextCapacity(row + 1)
      this.#docOf = grown(this.#docOf, new Int32Array(capacity))
      this.#lengthOf = grown(this.#lengthOf, new Int32Array(capacity))
      this.#listsFrom = grown(this.#listsFrom, new Int32Array(capacity))
    }
    if (listsIn > this.#listsIn.length) {
      this.#listsIn = grown(this.#listsIn, new Int32Array(nextCapacity(Math.max(listsIn, this.#listsIn.length))))
    }
  }
}

/** A query term's place in its posting list. */
interface Cursor {
  readonly term: string
  readonly list: number
  /** The limit of a share for endless repetition, in units. */
  readonly weight: number
  readonly normBase: number
  readonly normPerTerm: number
  position: number
  readonly end: number
  windowEnd: number
  windowBound: number
}
