import { createRequire } from 'node:module'
import * as fc from 'fast-check'
import type * as encoding from 'gpt-tokenizer/encoding/o200k_base'
import { expect, test } from 'vitest'
import { longestPiece } from './longPieces.ts'
import { openO200k } from './tokenizer.ts'

const { countTokens } = createRequire(import.meta.url)('gpt-tokenizer/encoding/o200k_base') as typeof encoding
const tokenizer = openO200k()

/** One per class of the split pattern and its borders, and what UTF-8 and the library treat apart. */
const atoms =
  "a B é 中 の ǅ ʰ 𝐀 𠀀 hello \u0301 1 ٣ ! - / < { \" ' 's 'll \ufeff \ufeff/ 😀 👍🏽 \ud800 \udc00 \ufffd 卍 \u0000 <|endoftext|>"
    .split(' ')
    .concat(' the', ' ', '  ', '\t', '\n', '\r\n', '\u00a0', '\u3000')

const anything = fc.string({ unit: 'binary', maxLength: 300 })
const run = fc
  .tuple(fc.uniqueArray(fc.constantFrom(...atoms), { minLength: 1, maxLength: 3 }), fc.integer({ min: 1, max: 200 }))
  .chain(([few, size]) => fc.array(fc.constantFrom(...few), { minLength: size, maxLength: size }))
  .map((parts) => parts.join(''))
const mixture = fc.array(fc.oneof(run, anything), { maxLength: 8 }).map((parts) => parts.join(''))

test('any unicode text counts as in the library', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), sameAsLibrary))
})

test('runs of every class, and their concatenations, count as in the library', () => {
  fc.assert(fc.property(mixture, sameAsLibrary), { numRuns: 1000 })
})

test('pieces around the threshold count as in the library, whatever stands before and after them', () => {
  const edges = ['', ' ', '  ', '\t', '\t\t', '\n', ' \n', '!', '!\n', '/', 'x', '1', "'s", '\ufeff', '\u0301']
  for (const unit of ['a', 'A', '中', '\u0301', ' ', '\n', '!', '😀', '\ud800']) {
    for (const size of [longestPiece - 1, longestPiece, longestPiece + 1]) {
      const piece = unit.repeat(size).slice(0, size)
      for (const before of edges) for (const after of edges) sameAsLibrary(before + piece + after)
    }
  }
})

test('hostile pieces of 5,000 characters count as in the library', () => {
  for (const unit of [
    'a',
    'ab',
    'A',
    'Ab',
    ' ',
    '\n',
    ' \n',
    '\t',
    '中',
    '中文',
    '\u0301',
    '-',
    '=-',
    '\ufeff',
    '\ud800',
  ]) {
    sameAsLibrary(unit.repeat(5000).slice(0, 5000))
  }
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('t', 'h', 'e', 'i', 'n'), minLength: 5000, maxLength: 5000 }),
      sameAsLibrary,
    ),
    { numRuns: 3 },
  )
})

test('long pieces amid short ones count as in the library across many stretches', () => {
  const text = `some words, 12 of them;\t\t${'x'.repeat(300)} 人工智能是计算机科学的一个分支，${'-'.repeat(200)}\n`
  sameAsLibrary(text.repeat(40))
  sameAsLibrary('人工智能是计算机科学的一个分支，它企图了解智能。\t\t！'.repeat(200))
})

test('a text that starts with a sign after one that ends with a newline adds up: what the renderer relies on', () => {
  const start = fc.constantFrom('-', '#', '<', '{', ',', ']', '}', '[')
  fc.assert(
    fc.property(mixture, start, mixture, (before, sign, after) => {
      const [a, b] = [`${before}\n`, sign + after]
      expect(tokenizer.count(a + b)).toBe(tokenizer.count(a) + tokenizer.count(b))
    }),
    { numRuns: 1000 },
  )
})

function sameAsLibrary(text: string): void {
  expect(tokenizer.count(text)).toBe(countTokens(text, { disallowedSpecial: new Set() }))
}

test('what stands around a counted text is counted as if all of it were counted anew', () => {
  const heads = fc.oneof(
    fc.constantFrom('- [2026-05-01 09:30 user] ', '<item from="user" at="2026-05-01 09:30">', ',"text":"'),
    mixture,
  )
  const tails = fc.oneof(fc.constantFrom('\n', '</item>\n', '"}\n', ''), mixture)
  const prose = fc
    .array(fc.oneof(fc.constantFrom('The ferry ', "doesn't", ' leave', ', at 9:30', '.', '\n', '中文', ' "so"'), run), {
      maxLength: 40,
    })
    .map((parts) => parts.join(''))
  fc.assert(
    fc.property(heads, fc.oneof(prose, mixture), tails, (head, body, tail) => {
      const counted = tokenizer.countAround(head, body, tokenizer.count(body), tail)
      expect(counted).toBe(tokenizer.count(head + body + tail))
    }),
    { numRuns: 2000 },
  )
})
