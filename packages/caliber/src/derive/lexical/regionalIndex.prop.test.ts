import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RegionId } from '../../domain/ids.ts'
import { Bm25Index } from './bm25.ts'
import { RegionalIndex } from './regionalIndex.ts'

const regionIds = ['north', 'south', 'east'] as unknown as readonly RegionId[]
const term = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
const step = fc.record({
  region: fc.constantFrom(...regionIds),
  terms: fc.array(term, { maxLength: 6 }),
  gone: fc.boolean(),
})

test('finds what one index of the open regions finds, bit for bit, whatever lies in the others', () => {
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 5, maxLength: 80 }),
      fc.subarray([...regionIds]),
      fc.array(term, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 0, max: 12 }),
      fc.integer({ min: 1, max: 3 }),
      (steps, open, query, limit, modulus) => {
        const regional = new RegionalIndex()
        const single = new Bm25Index()
        const regions = new Set(open)
        for (const [doc, { region, terms }] of steps.entries()) {
          regional.add(region, doc, terms)
          if (regions.has(region)) single.add(doc, terms)
        }
        for (const [doc, { region, gone }] of steps.entries()) {
          if (!gone) continue
          regional.remove(region, doc)
          if (regions.has(region)) single.remove(doc)
        }
        const accept = (doc: number) => doc % modulus === 0

        const found = regional.search(regions, query, { limit, accept })
        const expected = single.search(query, { limit, accept })
        expect(found.map(({ doc, score }) => ({ doc, score }))).toEqual(expected)
        expect(found.map(({ shares }) => shares)).toEqual(
          single.termScores(
            expected.map(({ doc }) => doc),
            query,
          ),
        )
      },
    ),
    { numRuns: 400 },
  )
})

test('regions of many documents each are searched as one', () => {
  const regional = new RegionalIndex()
  const single = new Bm25Index()
  for (let doc = 0; doc < 9_000; doc += 1) {
    const terms = [`w${doc % 7}`, `w${doc % 11}`, `rare${doc % 997}`]
    regional.add(regionIds[doc % 3] as RegionId, doc, terms)
    single.add(doc, terms)
  }
  const query = ['w3', 'w5', 'rare17']
  const found = regional.search(new Set(regionIds), query, { limit: 40, accept: () => true })
  expect(found.map(({ doc, score }) => ({ doc, score }))).toEqual(single.search(query, { limit: 40 }))
})
