import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { KnownWords } from './knownWords.ts'
import { termsOf } from './terms.ts'

test('a text has the same terms with and without words known from other texts', () => {
  const known = new KnownWords()
  const word = fc.constantFrom(
    'Adopted',
    'adopted',
    'fooBar',
    'v1.2',
    "she's",
    'the',
    '東京',
    'Café',
    'internationalization',
  )
  const text = fc.array(fc.oneof(word, fc.string({ unit: 'grapheme' }))).map((words) => words.join(' '))
  fc.assert(
    fc.property(text, (some) => {
      expect(termsOf(some, known)).toEqual(termsOf(some))
    }),
  )
})

test('a word that is known is not worked out again, wherever it stands', () => {
  const known = new KnownWords()
  const asked: string[] = []
  const find = (word: string) => {
    asked.push(word)
    return [word.toUpperCase()]
  }

  expect(known.termsOf('cat', 0, 3, find)).toEqual(['CAT'])
  expect(known.termsOf('my cats', 3, 6, find)).toEqual(['CAT'])
  expect(known.termsOf('my cats', 3, 7, find)).toEqual(['CATS'])
  expect(asked).toEqual(['cat', 'cats'])
})

test('a long word is worked out each time, so that nothing keeps its text alive', () => {
  const known = new KnownWords()
  let asked = 0
  const find = (word: string) => {
    asked += 1
    return [word]
  }

  for (let i = 0; i < 3; i += 1) expect(known.termsOf('x'.repeat(13), 0, 13, find)).toEqual(['x'.repeat(13)])
  expect(asked).toBe(3)
})

test('it grows with the words it meets up to a bound, and stays right', () => {
  const known = new KnownWords()
  const find = (word: string) => [word]
  const atFirst = known.bytes
  const sizes = Array.from({ length: 200_000 }, (_, i) => {
    const word = `w${i}`
    if (known.termsOf(word, 0, word.length, find)[0] !== word) throw new Error(`${word} came to something else`)
    return known.bytes
  })

  expect(sizes[99]).toBe(atFirst)
  expect(sizes.at(-1)).toBe(atFirst * 64)
  expect(sizes[100_000]).toBe(atFirst * 64)
})
