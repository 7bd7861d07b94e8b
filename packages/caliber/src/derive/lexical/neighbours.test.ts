import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Dialogue, type HitShares, REACH, spreadToNeighbours } from './neighbours.ts'

test('an answer without a word of the query is found beside its question', () => {
  const ranked = spreadToNeighbours([hit(4, 6)], withinScope(0, 9))

  expect(ranked.slice(0, 3)).toEqual([
    { doc: 4, score: 6 },
    { doc: 3, score: 3 },
    { doc: 5, score: 3 },
  ])
})

test('weight falls with distance and ends after the reach', () => {
  const ranked = spreadToNeighbours([hit(0, 60)], withinScope(0, 9))

  expect(ranked).toEqual([
    { doc: 0, score: 60 },
    { doc: 1, score: 30 },
    { doc: 2, score: 20 },
    { doc: 3, score: 15 },
    { doc: 4, score: 12 },
  ])
  expect(REACH).toBe(4)
})

test('nothing crosses the border of a scope', () => {
  expect(spreadToNeighbours([hit(5, 1)], withinScope(5, 5))).toEqual([{ doc: 5, score: 1 }])
})

test('a turn that may not be seen ends the walk on its side', () => {
  const ranked = spreadToNeighbours([hit(4, 6)], withinScope(0, 9, [3, 6]))

  expect(ranked).toEqual([
    { doc: 4, score: 6 },
    { doc: 5, score: 3 },
  ])
})

test('a turn between two hits is asked for once, a hit never', () => {
  const asked: number[] = []
  const scope = withinScope(0, 4)
  const accept = (turn: number) => {
    asked.push(turn)
    return turn !== 2
  }
  const ranked = spreadToNeighbours([hit(1, 6), hit(3, 6)], { ...scope, accept })

  expect(ranked.map((h) => h.doc)).toEqual([1, 3, 0, 4])
  expect(asked.toSorted()).toEqual([0, 2, 4])
})

test('a word repeated around a turn counts once, different words add up', () => {
  const repeated = spreadToNeighbours([hit(0, 6, 0), hit(2, 6, 0)], withinScope(0, 2))
  const different = spreadToNeighbours([hit(0, 6, 0), hit(2, 0, 6)], withinScope(0, 2))

  expect(repeated.find((h) => h.doc === 1)?.score).toBe(3)
  expect(different.find((h) => h.doc === 1)?.score).toBe(6)
})

test('without neighbours the ranking is that of the hits', () => {
  const alone = spreadToNeighbours([hit(3, 1, 2), hit(1, 4, 0), hit(2, 3, 0)], noTurns)

  expect(alone.map((h) => h.doc)).toEqual([1, 2, 3])
  expect(alone.map((h) => h.score)).toEqual([4, 3, 3])
})

test('no hits give no neighbours', () => {
  expect(spreadToNeighbours([], withinScope(0, 9))).toEqual([])
})

test('a turn has the largest discounted share per term, as computed turn by turn', () => {
  const hits = fc.uniqueArray(
    fc.record({
      doc: fc.integer({ min: 0, max: 30 }),
      shares: fc.array(fc.double({ min: 0, max: 9, noNaN: true }), { minLength: 3, maxLength: 3 }),
    }),
    { selector: (h) => h.doc, maxLength: 12 },
  )
  fc.assert(
    fc.property(hits, (some) => {
      const ranked = spreadToNeighbours(some, withinScope(0, 30))

      for (const { doc, score } of ranked) {
        let expected = 0
        for (let term = 0; term < 3; term++) {
          const near = some.filter((h) => Math.abs(h.doc - doc) <= REACH)
          expected += Math.max(...near.map((h) => (h.shares[term] ?? 0) * (1 / (1 + Math.abs(h.doc - doc)))))
        }
        expect(score).toBe(expected)
      }
      expect(ranked).toEqual([...ranked].sort((x, y) => y.score - x.score || x.doc - y.doc))
    }),
  )
})

function hit(doc: number, ...shares: number[]): HitShares {
  return { doc, shares }
}

/** A scope of the turns `first` to `last`, of which the reader may not see those `hidden`. */
function withinScope(first: number, last: number, hidden: readonly number[] = []): Dialogue<number> {
  const turns = Array.from({ length: last - first + 1 }, (_, i) => first + i)
  return {
    placeOf: (doc) => ({ turns, index: doc - first }),
    docOf: (turn) => turn,
    accept: (turn) => !hidden.includes(turn),
  }
}

const noTurns: Dialogue<number> = { placeOf: () => undefined, docOf: (turn) => turn, accept: () => true }
