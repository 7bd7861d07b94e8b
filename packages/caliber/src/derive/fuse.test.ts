import { expect, test } from 'vitest'
import { fuse } from './fuse.ts'

const semantic = { mean: 0.2, hits: [hit(1, 0.6), hit(3, 0.4), hit(4, 0.1)] }
const cosines = new Map([
  [1, 0.6],
  [2, 0.1],
  [3, 0.4],
])
const cosineOf = (doc: number) => cosines.get(doc)

test('words weigh twice as much as meaning, each against the best of its kind and meaning from its mean', () => {
  const ranked = fuse(
    [
      { doc: 2, score: 8 },
      { doc: 1, score: 4 },
    ],
    semantic,
    cosineOf,
  )
  expect(ranked.map(({ doc }) => doc)).toEqual([1, 2, 3])
  expect(ranked.map(({ fused }) => fused)).toEqual([2 / 3, 2 / 3, 1 / 6].map((score) => expect.closeTo(score, 12)))
  expect(ranked[1]).toMatchObject({ lexical: 8, semantic: 0.1 })
  expect(ranked[2]).toEqual({ doc: 3, semantic: 0.4, fused: expect.closeTo(1 / 6, 12) })
})

test('a document without a vector is ranked by its words', () => {
  expect(fuse([{ doc: 9, score: 2 }], { hits: [], mean: 0 }, () => undefined)).toEqual([
    { doc: 9, lexical: 2, fused: expect.closeTo(2 / 3, 12) },
  ])
})

test('where no word is known, meaning alone ranks, and nothing below the mean is found', () => {
  expect(fuse([], semantic, cosineOf).map(({ doc }) => doc)).toEqual([1, 3])
})

test('where everything is equally near, nothing is near', () => {
  expect(fuse([], { mean: 0.5, hits: [hit(1, 0.5), hit(2, 0.5)] }, () => 0.5)).toEqual([])
})

function hit(doc: number, cosine: number) {
  return { doc, cosine }
}
