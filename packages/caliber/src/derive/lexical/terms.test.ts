import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { MAX_TERM_LENGTH, queryTermsOf, termsOf } from './terms.ts'

test('inflections of an English word give one term', () => {
  expect(new Set(termsOf('adopt adopts adopted adopting'))).toEqual(new Set(['adopt']))
})

test('stop words and contractions leave nothing', () => {
  expect(termsOf("She's been there, hasn't she? I’d say they'll do what we don't.")).toEqual(['sai'])
})

test('a possessive is its owner', () => {
  expect(termsOf("Caroline's O'Brien’s dogs'")).toEqual([...termsOf('Caroline'), 'obrien', 'dog'])
})

test.each([
  ['parseJSONFile', ['pars', 'json', 'file', 'parsejsonfil']],
  ['snake_case', ['snake', 'case', 'snakecas']],
  ['foo.bar', ['foo', 'bar', 'foobar']],
  ['HTTPServer', ['http', 'server', 'httpserver']],
  ['iPhone', ['phone', 'iphon']],
  ['well-known', ['well', 'known', 'wellknown']],
  ['ECONNREFUSED', ['econnrefus']],
  ['utf8', ['utf8']],
  ['v1.2.0', ['v1', '2', '0', 'v1.2.0']],
  ['2023-05-08', ['2023', '05', '08', '2023.05.08']],
])('the identifier %s is found by its parts and whole', (text, expected) => {
  expect(termsOf(text)).toEqual(expected)
})

test('the spellings of an identifier share its whole', () => {
  const wholes = ['fooBarBaz', 'foo_bar_baz', 'foo.bar-baz', 'FooBarBaz', 'foobarbaz'].map((s) => termsOf(s).at(-1))

  expect(new Set(wholes)).toEqual(new Set(['foobarbaz']))
})

test('punctuation around words is no part of them', () => {
  expect(termsOf('...(violin), "piano"! --drums-- _guitar_.')).toEqual(termsOf('violin piano drums guitar'))
})

test('case, width, ligatures and accents do not matter', () => {
  expect(termsOf('Café ＶＩＯＬＩＮ ﬁne İstanbul')).toEqual(termsOf('cafe violin fine istanbul'))
  expect(termsOf('cafe\u0301')).toEqual(termsOf('café'))
})

test('other alphabets are words, their vowel signs kept', () => {
  expect(termsOf('Москва हिन्दी שלום')).toEqual(['москва', 'हिन्दी', 'שלום'])
})

test('scripts without spaces give pairs, Han characters also alone', () => {
  expect(termsOf('東京タワー')).toEqual(['東', '東京', '京', '京タ', 'タワ', 'ワー'])
  expect(termsOf('한국어')).toEqual(['한국', '국어'])
  expect(termsOf('あ')).toEqual(['あ'])
  expect(termsOf('API文書')).toEqual(['api', '文', '文書', '書'])
})

test('characters beyond the basic plane are whole', () => {
  expect(termsOf('𠮷野 😀 𝐛𝐨𝐥𝐝')).toEqual(['𠮷', '𠮷野', '野', 'bold'])
})

test('a word too long is found by its beginning', () => {
  const digest = 'a1'.repeat(32)

  expect(termsOf(digest)).toEqual([digest])
  expect(termsOf('x'.repeat(10_000))).toEqual(['x'.repeat(MAX_TERM_LENGTH)])
})

test('a word that grows beyond the bound when it is folded or its parts are joined keeps within it', () => {
  const word = '3नमस्ते-05-08a23-05-08a23-05-08a23-05-08aHTTPs3-05-08a23-05-08a2'
  expect(word.length).toBeLessThanOrEqual(MAX_TERM_LENGTH)
  expect(termsOf(word).filter((one) => one.length > MAX_TERM_LENGTH)).toEqual([])
  expect(termsOf('ﬁ'.repeat(64))).toEqual(['fi'.repeat(32)])
  expect(termsOf(`ﷺ-${'ﷺ'.repeat(40)}`).filter((one) => one.length > MAX_TERM_LENGTH)).toEqual([])
})

test('a query lists each term once', () => {
  expect(queryTermsOf('dog dogs cat Dog')).toEqual(['dog', 'cat'])
})

test.each([
  ['letters', 'a'],
  ['humps', 'aB'],
  ['capitals', 'A'],
  ['dotted', 'a.'],
  ['joiners', '._-'],
  ['quotes', "a'"],
  ['accents', '\u0301\u0316'],
  ['marked Han', '漢\u0301\u0316'],
  ['expanding ligatures', '\ufdfa'],
  ['lone surrogates', '\ud83d'],
])('work is bounded for a long run of %s', (_, unit) => {
  const terms = termsOf(`x${unit.repeat(50_000)}`)

  expect(terms.length).toBeLessThanOrEqual(100_003)
  expect(terms.every((t) => t.length <= MAX_TERM_LENGTH)).toBe(true)
})

test('any text gives bounded terms, and few for its length', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (text) => {
      const terms = termsOf(text)

      expect(terms.length).toBeLessThanOrEqual(2 * text.length)
      expect(terms.filter((one) => one === '' || one.length > MAX_TERM_LENGTH)).toEqual([])
    }),
    { numRuns: 300 },
  )
})

test('texts put together with a space give the terms of each', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (left, right) => {
      expect(termsOf(`${left} ${right}`)).toEqual([...termsOf(left), ...termsOf(right)])
    }),
  )
})
