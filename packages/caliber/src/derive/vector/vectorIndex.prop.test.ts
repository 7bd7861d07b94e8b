/** The index against a naive oracle that keeps a map and sorts everything. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { VectorIndex } from './vectorIndex.ts'

const dimensions = 7
const units = 2 ** 24

test('after any additions, replacements and removals, a search answers as looking at everything does', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), vector, fc.integer({ min: 0, max: 40 }), (steps, query, limit) => {
      const index = new VectorIndex(dimensions)
      const held = new Map<number, Float32Array>()
      for (const { doc, added } of steps) {
        if (added) {
          index.add(doc, added)
          held.set(doc, added)
        } else expect(index.remove(doc)).toBe(held.delete(doc))
      }
      expect(index.size).toBe(held.size)
      for (const accept of [() => true, (doc: number) => doc % 3 !== 0, () => false]) {
        expect(index.search(query, { limit, accept })).toEqual(oracle(held, query, limit, accept))
      }
      for (const doc of [0, 1, 2]) expect(index.cosine(doc, query)).toBe(cosine(held.get(doc), query))
    }),
  )
})

test('a cosine is that of the vector that is there now, whatever was searched before', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), vector, vector, (steps, query, other) => {
      const index = new VectorIndex(dimensions)
      const held = new Map<number, Float32Array>()
      for (const { doc, added } of steps) {
        index.search(query, { limit: 3, accept: (each) => each % 2 === 0 })
        if (added) {
          index.add(doc, added)
          held.set(doc, added)
        } else if (held.delete(doc)) index.remove(doc)
        for (const known of held.keys()) {
          expect(index.cosine(known, query)).toBe(cosine(held.get(known), query))
          expect(index.cosine(known, other)).toBe(cosine(held.get(known), other))
        }
        index.search(query, { limit: 3, accept: (each) => each % 2 === 0 })
        for (const known of held.keys()) expect(index.cosine(known, query)).toBe(cosine(held.get(known), query))
      }
    }),
  )
})

test('what came in another order is found in the same one, with the same mean', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(500), { maxLength: 200 }), vector, (docs, query) => {
      const [first, second] = [new VectorIndex(dimensions), new VectorIndex(dimensions)]
      const vectorOf = (doc: number) => unit(Array.from({ length: dimensions }, (_, i) => Math.sin(doc * 7 + i * i)))
      for (const doc of docs) first.add(doc, vectorOf(doc))
      for (const doc of docs.toReversed()) second.add(doc, vectorOf(doc))
      const all = { limit: 50, accept: () => true }
      expect(second.search(query, all)).toEqual(first.search(query, all))
    }),
  )
})

test('an index that was emptied gives its space back', () => {
  const index = new VectorIndex(dimensions)
  const emptyBytes = index.bytes
  for (let doc = 0; doc < 10_000; doc += 1) index.add(doc, unit([doc + 1, 1, 1, 1, 1, 1, 1]))
  expect(index.bytes).toBeGreaterThanOrEqual(10_000 * dimensions * 4)
  for (let doc = 0; doc < 10_000; doc += 1) index.remove(doc)
  expect(index.bytes).toBe(emptyBytes)
})

test('a vector of other dimensions is refused', () => {
  expect(() => new VectorIndex(3).add(0, new Float32Array(4))).toThrow(RangeError)
})

const vector = fc
  .array(fc.integer({ min: -9, max: 9 }), { minLength: dimensions, maxLength: dimensions })
  .filter((numbers) => numbers.some((number) => number !== 0))
  .map(unit)
const step = fc.record({ doc: fc.nat(120), added: fc.option(vector, { freq: 3, nil: undefined }) })

function unit(numbers: readonly number[]): Float32Array {
  const length = Math.hypot(...numbers)
  return Float32Array.from(numbers, (number) => number / length)
}

/** Whatever the order of the sums, rounding makes them one: they differ by far less than a unit. */
function cosine(held: Float32Array | undefined, query: Float32Array): number | undefined {
  if (!held) return undefined
  const lane = (first: number) => {
    let sum = 0
    for (let i = first; i < 4; i += 4) sum += (held[i] ?? 0) * (query[i] ?? 0)
    return sum
  }
  let a = lane(0)
  for (let i = 4; i < dimensions; i += 1) a += (held[i] ?? 0) * (query[i] ?? 0)
  return Math.round((a + lane(1) + (lane(2) + lane(3))) * units) / units
}

function oracle(
  held: ReadonlyMap<number, Float32Array>,
  query: Float32Array,
  limit: number,
  accept: (doc: number) => boolean,
) {
  const scored = [...held]
    .filter(([doc]) => accept(doc))
    .map(([doc, each]) => ({ doc, cosine: cosine(each, query) ?? 0 }))
  const sum = scored.reduce((total, each) => total + each.cosine * units, 0)
  const hits = scored.filter((each) => each.cosine > 0).sort((x, y) => y.cosine - x.cosine || x.doc - y.doc)
  return { hits: hits.slice(0, limit), mean: scored.length === 0 ? 0 : sum / scored.length / units }
}
