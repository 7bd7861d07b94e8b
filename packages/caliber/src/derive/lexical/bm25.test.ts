import { expect, test } from 'vitest'
import { Bm25Index, MAX_QUERY_TERMS } from './bm25.ts'

test('a hand-computed score comes out', () => {
  const index = indexOf(['cat', 'sat'], ['cat', 'cat', 'mat', 'hat'], ['dog'])
  const [best, second] = index.search(['cat'], { limit: 10 })

  const idf = Math.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
  const mean = 7 / 3
  expect(best).toEqual({ doc: 1, score: expect.closeTo((idf * 2 * 1.9) / (2 + 0.9 * (0.6 + (0.4 * 4) / mean)), 8) })
  expect(second).toEqual({ doc: 0, score: expect.closeTo((idf * 1.9) / (1 + 0.9 * (0.6 + (0.4 * 2) / mean)), 8) })
})

test('a rare term outweighs a common one', () => {
  const index = indexOf(['common', 'x'], ['common', 'y'], ['rare', 'z'], ['common', 'w'])

  expect(docs(index.search(['common', 'rare'], { limit: 1 }))).toEqual([2])
})

test('equal scores are ordered by ordinal, whatever the order of adding', () => {
  const index = new Bm25Index()
  for (const doc of [9, 2, 5, 7, 1]) index.add(doc, ['same'])

  expect(docs(index.search(['same'], { limit: 3 }))).toEqual([1, 2, 5])
})

test('a query that matches nothing, is empty or wants nothing finds nothing', () => {
  const index = indexOf(['cat'])

  expect(index.search(['dog'], { limit: 5 })).toEqual([])
  expect(index.search([], { limit: 5 })).toEqual([])
  expect(index.search(['cat'], { limit: 0 })).toEqual([])
  expect(new Bm25Index().search(['cat'], { limit: 5 })).toEqual([])
})

test('a repeated query term counts once', () => {
  const index = indexOf(['cat'], ['dog'])

  expect(index.search(['cat', 'cat'], { limit: 5 })).toEqual(index.search(['cat'], { limit: 5 }))
})

test('a term in every document still gives a score above zero', () => {
  const index = indexOf(['cat'], ['cat'])

  expect(index.search(['cat'], { limit: 5 })).toHaveLength(2)
})

test('a removed document is gone from results and from the statistics', () => {
  const index = indexOf(['cat'], ['cat', 'dog', 'cow'], ['dog'])

  expect(index.remove(1)).toBe(true)
  expect(index.remove(1)).toBe(false)
  expect(index.size).toBe(2)
  const fresh = new Bm25Index()
  fresh.add(0, ['cat'])
  fresh.add(2, ['dog'])
  expect(index.search(['cat', 'dog'], { limit: 9 })).toEqual(fresh.search(['cat', 'dog'], { limit: 9 }))
})

test('removing everything leaves an index that works', () => {
  const index = indexOf(['cat'], ['dog'])
  index.remove(0)
  index.remove(1)

  expect(index.search(['cat'], { limit: 5 })).toEqual([])
  index.add(2, ['cat'])
  expect(docs(index.search(['cat'], { limit: 5 }))).toEqual([2])
})

test('a document without terms counts but is never found', () => {
  const index = indexOf(['cat'], [])

  expect(index.size).toBe(2)
  expect(docs(index.search(['cat'], { limit: 5 }))).toEqual([0])
  expect(index.remove(1)).toBe(true)
})

test('adding a document twice or under a bad ordinal is refused and changes nothing', () => {
  const index = indexOf(['cat'])

  expect(() => index.add(0, ['dog'])).toThrow(RangeError)
  for (const doc of [-1, 1.5, Number.NaN, 2 ** 31]) expect(() => index.add(doc, ['dog'])).toThrow(RangeError)
  expect(index.size).toBe(1)
  expect(index.search(['dog'], { limit: 5 })).toEqual([])
})

test('words of every object are ordinary terms', () => {
  const index = indexOf(['constructor', '__proto__'], ['cat'])

  expect(docs(index.search(['constructor'], { limit: 5 }))).toEqual([0])
  expect(docs(index.search(['__proto__'], { limit: 5 }))).toEqual([0])
  expect(index.search(['toString'], { limit: 5 })).toEqual([])
})

test('a filter is asked only for documents that would enter, and its misses do not cost a place', () => {
  const index = indexOf(...Array.from({ length: 100 }, () => ['cat']))
  const asked: number[] = []
  const accept = (doc: number) => {
    asked.push(doc)
    return doc >= 10
  }

  expect(docs(index.search(['cat'], { limit: 3, accept }))).toEqual([10, 11, 12])
  expect(asked).toEqual(Array.from({ length: 13 }, (_, doc) => doc))
})

test('a filter that throws leaves the index usable', () => {
  const index = indexOf(['cat'], ['cat', 'dog'], ['cat', 'cow'])
  const before = index.search(['cat'], { limit: 5 })

  const accept = () => {
    throw new Error('no rights')
  }
  expect(() => index.search(['cat'], { limit: 5, accept })).toThrow('no rights')
  expect(index.search(['cat'], { limit: 5 })).toEqual(before)
})

test('beyond the cap a query keeps its rarest terms', () => {
  const common = Array.from({ length: MAX_QUERY_TERMS }, (_, i) => `common${i}`)
  const index = indexOf(common, common, ['rare'])

  const capped = index.search([...common, 'rare'], { limit: 5 })
  const whole = index.search(common, { limit: 1 })
  expect(docs(capped)).toEqual([0, 1, 2])
  expect(capped[0]?.score).toBeCloseTo(((whole[0]?.score ?? 0) * (MAX_QUERY_TERMS - 1)) / MAX_QUERY_TERMS, 6)
})

test('the shares of the terms sum to the score exactly', () => {
  const index = indexOf(['cat', 'dog'], ['cat', 'cat'], ['dog', 'cow'])
  const query = ['dog', 'absent', 'cat', 'dog']
  const hits = index.search(query, { limit: 5 })
  const shares = index.termScores([...docs(hits), 77], query)

  expect(shares.slice(0, -1).map((s) => s.reduce((a, x) => a + x, 0))).toEqual(hits.map((hit) => hit.score))
  expect(shares.at(-1)).toEqual([0, 0, 0, 0])
})

test('memory is returned when most documents are removed', () => {
  const index = new Bm25Index()
  for (let doc = 0; doc < 3000; doc++) index.add(doc, ['cat', `a${doc}`, `b${doc}`, `c${doc % 50}`])
  const full = index.bytes
  for (let doc = 0; doc < 2900; doc++) index.remove(doc)

  expect(index.bytes).toBeLessThan(full / 2)
  expect(docs(index.search(['a2950', 'cat'], { limit: 2 }))).toEqual([2950, 2900])
})

test('more repetitions than a posting can count are counted as 65,535', () => {
  const index = new Bm25Index()
  index.add(
    0,
    Array.from({ length: 70_000 }, () => 'spam'),
  )
  index.add(1, ['ham'])

  expect(docs(index.search(['spam'], { limit: 5 }))).toEqual([0])
})

function indexOf(...texts: readonly (readonly string[])[]): Bm25Index {
  const index = new Bm25Index()
  for (const [doc, terms] of texts.entries()) index.add(doc, terms)
  return index
}

function docs(hits: readonly { readonly doc: number }[]): number[] {
  return hits.map((hit) => hit.doc)
}
