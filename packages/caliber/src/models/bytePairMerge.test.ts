import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytePairMerge, type RankOf } from './bytePairMerge.ts'

const encoder = new TextEncoder()

test('the lowest rank joins first, the leftmost on ties', () => {
  const rankOf = ranksOf(['a', 'b', 'ab', 'aa', 'aab'])

  expect(bytePairMerge(encoder.encode('aaa'), rankOf).tokens).toBe(2)
  // `ab` outranks `aa`: a ab ab, then aab ab.
  expect(bytePairMerge(encoder.encode('aabab'), rankOf).tokens).toBe(2)
})

test('a joined pair may have a lower rank than its own part and is then joined at once', () => {
  // Joining b+c (3) makes a+bc (2), which goes before d+e (4).
  const rankOf = ranksOf(['a', 'b', 'abc', 'bc', 'de', 'cd'])

  expect(bytePairMerge(encoder.encode('abcde'), rankOf).tokens).toBe(2)
})

test('nothing and a single byte are no work', () => {
  expect(bytePairMerge(new Uint8Array(0), () => -1)).toEqual({ tokens: 0, work: 0 })
  expect(bytePairMerge(new Uint8Array(1), () => -1)).toEqual({ tokens: 1, work: 0 })
})

test('any vocabulary and piece give as many tokens as the naive merge', () => {
  const token = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 2, maxLength: 6 })
  const piece = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 60 })
  fc.assert(
    fc.property(fc.uniqueArray(token, { maxLength: 40 }), piece, (vocabulary, text) => {
      const rankOf = ranksOf(vocabulary)
      expect(bytePairMerge(encoder.encode(text), rankOf).tokens).toBe(mergeNaively(encoder.encode(text), rankOf))
    }),
    { numRuns: 2000 },
  )
})

test('work grows like n log n, whatever joins', () => {
  const vocabularies = [[], ['aa', 'aaaa', 'aaaaaaaa'], ['ab', 'abab', 'ba'], ['ba', 'aba', 'bab', 'abab']]
  for (const vocabulary of vocabularies) {
    for (const unit of ['a', 'ab', 'aab']) {
      for (const size of [1_000, 100_000]) {
        const { work } = bytePairMerge(encoder.encode(unit.repeat(size).slice(0, size)), ranksOf(vocabulary))
        expect(work / (size * Math.log2(size))).toBeLessThan(4)
      }
    }
  }
})

/** Rank = index; every other single byte is no pair and needs none. */
function ranksOf(vocabulary: readonly string[]): RankOf {
  const ranks = new Map(vocabulary.map((token, rank) => [token, rank]))
  return (bytes, start, end) => (end - start > 8 ? -1 : (ranks.get(latin(bytes.subarray(start, end))) ?? -1))
}

function mergeNaively(bytes: Uint8Array, rankOf: RankOf): number {
  const starts = [...bytes.keys(), bytes.length]
  for (;;) {
    let best = -1
    let bestRank = Infinity
    for (let i = 0; i + 2 < starts.length; i++) {
      const rank = rankOf(bytes, starts[i] ?? 0, starts[i + 2] ?? 0)
      if (rank >= 0 && rank < bestRank) {
        best = i
        bestRank = rank
      }
    }
    if (best < 0) return starts.length - 1
    starts.splice(best + 1, 1)
  }
}

function latin(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}
