import { createRequire } from 'node:module'
import type * as shipped from 'gpt-tokenizer/bpeRanks/o200k_base'
import { expect, test } from 'vitest'
import { longestPiece } from './longPieces.ts'
import { openRankTable, type Vocabulary } from './rankTable.ts'

const encoder = new TextEncoder()

test('a token is found by its bytes wherever they lie, and nothing else is', () => {
  const rankOf = openRankTable(['a', 'é', [0xc3], 'abc'])
  const bytes = encoder.encode('xabcé')

  expect(rankOf(bytes, 1, 2)).toBe(0)
  expect(rankOf(bytes, 1, 4)).toBe(3)
  expect(rankOf(bytes, 4, 6)).toBe(1)
  expect(rankOf(bytes, 4, 5)).toBe(2)
  expect(rankOf(bytes, 1, 3)).toBe(-1)
  expect(rankOf(bytes, 0, 6)).toBe(-1)
})

test('a hole in the vocabulary is no token', () => {
  const holed: (string | number[])[] = ['a']
  holed[2] = 'b'
  const rankOf = openRankTable(holed)

  expect(rankOf(encoder.encode('b'), 0, 1)).toBe(2)
  expect(rankOf(encoder.encode('b'), 0, 0)).toBe(-1)
})

test('a leading byte order mark is swallowed, as the library does', () => {
  const rankOf = openRankTable(['a', [0xef, 0xbb, 0xbf], [0xef, 0xbb, 0xbf, 0x61], [0xe4]])

  expect(rankOf(encoder.encode('\ufeffa'), 0, 4)).toBe(0)
  expect(rankOf(encoder.encode('\ufeff'), 0, 3)).toBe(-1)
  expect(rankOf(encoder.encode('\ufeff\ufeffa'), 0, 7)).toBe(-1)
  expect(rankOf(encoder.encode('\ufeff中'), 0, 4)).toBe(-1)
})

test('every o200k_base token but those with a byte order mark is found, and none is longer than a long piece', () => {
  const vocabulary: Vocabulary = (createRequire(import.meta.url)('gpt-tokenizer/bpeRanks/o200k_base') as typeof shipped)
    .default
  const rankOf = openRankTable(vocabulary)
  let marked = 0
  for (const [rank, token] of vocabulary.entries()) {
    const bytes = typeof token === 'string' ? encoder.encode(token) : Uint8Array.from(token)
    if (bytes.length > longestPiece) throw new Error(`Token ${rank} has ${bytes.length} bytes`)
    if (rankOf(bytes, 0, bytes.length) === rank) continue
    expect([...bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf])
    marked++
  }
  expect(vocabulary.length).toBe(199_998)
  expect(marked).toBe(9)
})
