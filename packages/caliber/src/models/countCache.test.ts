import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { openCountCache } from './countCache.ts'

test('the text not used for longest is dropped first', () => {
  const cache = openCountCache(200)
  cache.add('a', 1)
  cache.add('b', 2)
  cache.add('c', 3)
  expect(cache.get('a')).toBe(1)
  cache.add('d', 4)

  expect(['a', 'b', 'c', 'd'].map((text) => cache.get(text))).toEqual([1, undefined, 3, 4])
})

test('a text above the limit is not kept and pushes nothing out', () => {
  const cache = openCountCache(200)
  cache.add('small', 1)
  cache.add('x'.repeat(100), 2)

  expect([cache.get('small'), cache.get('x'.repeat(100))]).toEqual([1, undefined])
})

test('a count of zero is kept', () => {
  const cache = openCountCache(200)
  cache.add('', 0)

  expect(cache.get('')).toBe(0)
})

test('what is used stays between zero and the limit, and is the sum of what is kept', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 80 })
  fc.assert(
    fc.property(fc.array(text, { maxLength: 60 }), (texts) => {
      const cache = openCountCache(500)
      for (const each of texts) {
        if (cache.get(each) === undefined) cache.add(each, each.length)
        else cache.add(each, -1)
        expect(cache.usedBytes).toBeLessThanOrEqual(500)
        expect(cache.get(each)).toBe(each.length)
      }
      const kept = [...new Set(texts)].filter((each) => cache.get(each) !== undefined)
      expect(cache.usedBytes).toBe(kept.reduce((sum, each) => sum + 2 * each.length + 64, 0))
    }),
  )
})
