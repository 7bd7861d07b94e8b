import { expect, test } from 'vitest'
import { bytePairMerge } from './bytePairMerge.ts'
import { openLongPieceCount } from './longPieces.ts'
import { loadO200k, openO200k } from './tokenizer.ts'

test('known texts count as OpenAI counts them', () => {
  const { name, count } = openO200k()

  expect(name).toBe('o200k_base')
  expect(count('')).toBe(0)
  expect(count('Hello, world!')).toBe(4)
  expect(count('a'.repeat(100_000))).toBe(12_500)
})

test('text that looks like a special token is text', () => {
  expect(openO200k().count('<|endoftext|>')).toBeGreaterThan(1)
})

test('a count repeats, below and above the length that is cached', () => {
  const { count } = openO200k()
  const long = 'word '.repeat(30_000)

  expect(count('twice')).toBe(count('twice'))
  expect(count(long)).toBe(count(long))
})

test('a million characters without a place to cut are counted', () => {
  const { count } = openO200k()

  expect(count('ab'.repeat(500_000))).toBe(250_000)
  expect(count(' '.repeat(1_000_000))).toBe(7813)
  expect(count('中'.repeat(1_000_000))).toBe(1_000_000)
})

test('merging hostile pieces by the real ranks is work like n log n', () => {
  const rankOf = loadO200k().loadRanks()
  for (const unit of ['a', 'ab', ' ', '\n', '-', '中', '\u0301', '\ufeff']) {
    for (const size of [3_000, 100_000]) {
      const { work } = bytePairMerge(new TextEncoder().encode(unit.repeat(size)).subarray(0, size), rankOf)
      expect(work / (size * Math.log2(size))).toBeLessThan(4)
    }
  }
})

test('the library never sees a long piece nor a long stretch, and all of the text passes', () => {
  const { pattern } = loadO200k()
  const seen: string[] = []
  const library = { pattern, countStretch: (text: string) => (seen.push(text), 0), loadRanks: () => () => -1 }
  const words = 'so many words\n'.repeat(200)
  const cjk = '人工智能，'.repeat(400)

  expect(openLongPieceCount(library)(`${words}${'y'.repeat(500)} ${cjk}`)).toBe(500)
  expect(seen.join('')).toBe(`${words} ${cjk}`)
  expect(Math.max(...seen.map((text) => text.length))).toBeLessThan(1024)
  expect(Math.max(...seen.flatMap((text) => text.match(pattern) ?? []).map((piece) => piece.length))).toBeLessThan(129)
})

test('ranks are loaded when a long piece appears, once', () => {
  let loads = 0
  const library = loadO200k()
  const count = openLongPieceCount({ ...library, loadRanks: () => (loads++, library.loadRanks()) })

  count('some ordinary words '.repeat(100))
  expect(loads).toBe(0)
  expect(count('z'.repeat(400)) + count('z'.repeat(400))).toBe(2 * library.countStretch('z'.repeat(400)))
  expect(loads).toBe(1)
})
