/**
 * Ranks of byte sequences: the vocabulary as one flat hash table, about 4 MiB for o200k_base.
 *
 * All tokens' bytes lie end to end in one array; `offsets[rank]` is where a token starts; `slots` is open
 * addressing with linear probing over ranks. No string or object per token, so nothing the library already
 * holds is held twice.
 */
import { isUtf8 } from 'node:buffer'
import type { RankOf } from './bytePairMerge.ts'

/** A vocabulary as `gpt-tokenizer` ships it: index = rank; text, or bytes where they are no text. May have holes. */
export type Vocabulary = readonly (string | readonly number[])[]

/**
 * Index a vocabulary by its tokens' bytes.
 *
 * The result answers as `gpt-tokenizer` does, including one defect of it: it decodes a byte sequence before
 * looking it up, which swallows a leading byte order mark, so U+FEFF + x has the rank of x and U+FEFF none.
 * Long and short pieces must be counted alike, so the defect is kept until the library loses it.
 */
export function openRankTable(vocabulary: Vocabulary): RankOf {
  const { tokens, offsets, longestBytes } = flatten(vocabulary)
  const mask = 2 ** Math.ceil(Math.log2(vocabulary.length * 2)) - 1
  const slots = new Int32Array(mask + 1).fill(-1)
  for (let rank = 0; rank < vocabulary.length; rank++) {
    const start = offsets[rank] ?? 0
    const end = offsets[rank + 1] ?? 0
    if (start === end) continue
    let slot = hash(tokens, start, end) & mask
    while ((slots[slot] ?? -1) >= 0) slot = (slot + 1) & mask
    slots[slot] = rank
  }

  return (bytes, start, end) => {
    if (!startsWithMark(bytes, start, end)) return find(bytes, start, end)
    const rest = start + 3
    if (startsWithMark(bytes, rest, end) || !isUtf8(bytes.subarray(rest, end))) return -1
    return find(bytes, rest, end)
  }

  function find(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start
    if (length === 0 || length > longestBytes) return -1
    for (let slot = hash(bytes, start, end) & mask; ; slot = (slot + 1) & mask) {
      const rank = slots[slot] ?? -1
      if (rank < 0) return -1
      const at = offsets[rank] ?? 0
      if ((offsets[rank + 1] ?? 0) - at === length && equal(bytes, start, at, length)) return rank
    }
  }

  function equal(bytes: Uint8Array, start: number, at: number, length: number): boolean {
    for (let i = 0; i < length; i++) if (bytes[start + i] !== tokens[at + i]) return false
    return true
  }
}

/** Lay all tokens end to end; a hole in the vocabulary is empty. */
function flatten(vocabulary: Vocabulary): { tokens: Uint8Array; offsets: Uint32Array; longestBytes: number } {
  const encoder = new TextEncoder()
  const offsets = new Uint32Array(vocabulary.length + 1)
  let tokens = new Uint8Array(8 * vocabulary.length + 1024)
  let used = 0
  let longestBytes = 0
  for (let rank = 0; rank < vocabulary.length; rank++) {
    const token = vocabulary[rank] ?? ''
    if (used + 3 * token.length > tokens.length) {
      const larger = new Uint8Array(2 * tokens.length + 3 * token.length)
      larger.set(tokens)
      tokens = larger
    }
    const from = used
    if (typeof token === 'string') used += encoder.encodeInto(token, tokens.subarray(used)).written
    else for (const byte of token) tokens[used++] = byte
    offsets[rank + 1] = used
    longestBytes = Math.max(longestBytes, used - from)
  }
  return { tokens: tokens.slice(0, used), offsets, longestBytes }
}

/** U+FEFF in UTF-8. */
function startsWithMark(bytes: Uint8Array, start: number, end: number): boolean {
  return bytes[start] === 0xef && end - start >= 3 && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf
}

/** FNV-1a, its upper bits folded into the lower ones that choose the slot. */
function hash(bytes: Uint8Array, start: number, end: number): number {
  let value = 0x811c9dc5
  for (let i = start; i < end; i++) value = Math.imul(value ^ (bytes[i] ?? 0), 0x01000193)
  return value ^ (value >>> 15)
}
