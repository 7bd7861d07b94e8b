/**
 * Byte-pair merging of one long piece in O(n log n); the library's own loop is O(n²).
 *
 * The piece starts as single bytes. Again and again the neighbours whose joined bytes have the lowest
 * rank become one part, leftmost first on ties, until no two neighbours join: the definition of BPE,
 * so the parts are those of any other exact implementation.
 *
 * Invariants:
 *   1. `end[i]` is where the part starting at i ends; `before[i]` is where the part before it starts
 *   2. `rank[i]` is the rank of part i joined with its right neighbour; -1 when none, or i starts no part
 *   3. every i with a rank has the key (rank, i) in the heap; a key that differs from `rank[i]` is stale
 *
 * Transient memory is 28 bytes per byte of the piece.
 */
import { MinHeap } from './minHeap.ts'

/** The rank of `bytes[start, end)` as a token; -1 when it is none. Must cost O(1): bounded by the longest token. */
export type RankOf = (bytes: Uint8Array, start: number, end: number) => number

export interface Merged {
  readonly tokens: number
  /** Rank look-ups and heap levels walked: what must grow like n log n. */
  readonly work: number
}

/** Keys order by rank, then by position: rank · 2³² + position, exact in a double (ranks stay below 2²¹). */
const rankUnit = 2 ** 32

/** Merge a piece and count the parts left. Every single byte must be a token of its own. */
export function bytePairMerge(bytes: Uint8Array, rankOf: RankOf): Merged {
  const size = bytes.length
  const end = new Int32Array(size)
  const before = new Int32Array(size)
  const rank = new Int32Array(size).fill(-1)
  // At most n - 1 keys at the start, and each of at most n - 1 merges takes one and adds two.
  const heap = new MinHeap(2 * size)
  let lookups = 0
  let tokens = size

  for (let i = 0; i < size; i++) {
    end[i] = i + 1
    before[i] = i - 1
  }
  for (let i = 0; i < size - 1; i++) rankPair(i)

  for (let key = heap.pop(); key >= 0; key = heap.pop()) {
    const left = key % rankUnit
    if (rank[left] !== (key - left) / rankUnit) continue
    //  …[before][left][right][after]…   →   …[before][left ········][after]…
    const right = end[left] ?? size
    const after = end[right] ?? size
    end[left] = after
    if (after < size) before[after] = left
    rank[right] = -1
    tokens--
    rankPair(left)
    if (left > 0) rankPair(before[left] ?? 0)
  }
  return { tokens, work: lookups + heap.steps }

  function rankPair(left: number): void {
    const right = end[left] ?? size
    rank[left] = -1
    if (right >= size) return
    lookups++
    const found = rankOf(bytes, left, end[right] ?? size)
    rank[left] = found
    if (found >= 0) heap.push(found * rankUnit + left)
  }
}
