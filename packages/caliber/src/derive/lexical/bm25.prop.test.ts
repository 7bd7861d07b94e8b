import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Bm25Index, type Hit } from './bm25.ts'

type Step =
  | { readonly kind: 'add'; readonly terms: readonly string[] }
  | { readonly kind: 'remove'; readonly pick: number }
  | { readonly kind: 'compact' }
  | { readonly kind: 'search'; readonly terms: readonly string[]; readonly limit: number; readonly modulus: number }

const term = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'b', 'c') },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 40 }).map((n) => `t${n}`) },
)
const terms = fc.array(term, { maxLength: 8 })
const search = fc.record({
  kind: fc.constant('search' as const),
  terms,
  limit: fc.integer({ min: 0, max: 12 }),
  modulus: fc.integer({ min: 1, max: 3 }),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('add' as const), terms }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('remove' as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'compact' as const }) },
  { weight: 4, arbitrary: search },
)

describe('any history of adds, removes and searches', () => {
  test('finds what a naive scan of the live documents finds, bit for bit', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 30, maxLength: 250 }), fc.boolean(), (steps, ascending) => {
        const index = new Bm25Index()
        const live = new Map<number, readonly string[]>()
        let added = 0

        for (const one of steps) {
          if (one.kind === 'add') {
            const doc = ascending ? added : (added * 7919) % 10_007
            added += 1
            index.add(doc, one.terms)
            live.set(doc, one.terms)
          } else if (one.kind === 'remove') {
            const doc = [...live.keys()][one.pick % Math.max(live.size, 1)]
            if (doc !== undefined) expect(index.remove(doc)).toBe(true)
            if (doc !== undefined) live.delete(doc)
          } else if (one.kind === 'compact') {
            index.compact()
          } else {
            const accept = (doc: number) => doc % one.modulus === 0
            const found = index.search(one.terms, { limit: one.limit, accept })
            const expected = naive(live, one.terms).filter((hit) => accept(hit.doc))
            expect(found).toEqual(expected.slice(0, one.limit))
          }
          expect(index.size).toBe(live.size)
        }
      }),
      { numRuns: 150 },
    )
  })

  test('leaves scores equal to those of an index built from the live documents', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 30, maxLength: 150 }), terms, (steps, query) => {
        const index = new Bm25Index()
        const live = new Map<number, readonly string[]>()
        for (const [doc, one] of steps.entries()) {
          if (one.kind === 'add') {
            index.add(doc, one.terms)
            live.set(doc, one.terms)
          } else if (one.kind === 'remove') {
            const gone = [...live.keys()][one.pick % Math.max(live.size, 1)]
            if (gone !== undefined) index.remove(gone)
            if (gone !== undefined) live.delete(gone)
          }
        }
        const fresh = new Bm25Index()
        for (const [doc, docTerms] of [...live].toReversed()) fresh.add(doc, docTerms)

        expect(index.search(query, { limit: 1000 })).toEqual(fresh.search(query, { limit: 1000 }))
        expect(index.search(query, { limit: 1000 })).toEqual(fresh.search([...query].toReversed(), { limit: 1000 }))
      }),
      { numRuns: 150 },
    )
  })
})

describe('an index of many windows and blocks', () => {
  test.each([
    ['Zipf', zipfText],
    ['even', evenText],
  ])('prunes %s text without changing the result', (_, text) => {
    const limits = fc.integer({ min: 1, max: 60 })
    fc.assert(
      fc.property(fc.integer(), limits, fc.boolean(), (seed, limit, ascending) => {
        const random = generator(seed)
        const docOf = (n: number) => (ascending ? n : (n * 7919) % 10_007)
        const index = new Bm25Index()
        const live = new Map<number, readonly string[]>()
        for (let n = 0; n < 5000; n++) {
          const docTerms = text(random)
          index.add(docOf(n), docTerms)
          live.set(docOf(n), docTerms)
          const gone = docOf(Math.floor(random() * n))
          if (random() < 0.3 && index.remove(gone)) live.delete(gone)
        }
        const work = { postingsTotal: 0, postingsScored: 0, docsOffered: 0 }
        for (let n = 0; n < 5; n++) {
          const query = text(random).slice(0, 1 + 2 * n)
          const expected = naive(live, query)
          const accept = (doc: number) => doc % 5 === 0
          const accepted = expected.filter((hit) => accept(hit.doc))
          expect(index.search(query, { limit, work })).toEqual(expected.slice(0, limit))
          expect(index.search(query, { limit, accept, work })).toEqual(accepted.slice(0, limit))
        }
        expect(work.postingsScored).toBeLessThan(work.postingsTotal)
      }),
      { numRuns: 6 },
    )
  })

  test('reads a falling share of its postings as it grows', () => {
    const shares = [2_000, 20_000].map((size) => {
      const random = generator(7)
      const index = new Bm25Index()
      for (let doc = 0; doc < size; doc++) index.add(doc, zipfText(random))
      const work = { postingsTotal: 0, postingsScored: 0, docsOffered: 0 }
      const queries = generator(11)
      for (let n = 0; n < 50; n++) index.search(zipfText(queries).slice(0, 6), { limit: 50, work })
      return work.postingsScored / work.postingsTotal
    })

    expect(shares[1]).toBeLessThan(0.5)
    expect(shares[1]).toBeLessThan((shares[0] ?? 0) * 0.7)
  })
})

/** Score every live document by the definition, with shares rounded up to 2^-32 as `bm25.ts` promises. */
function naive(live: ReadonlyMap<number, readonly string[]>, query: readonly string[]): Hit[] {
  const [k1, b] = [0.9, 0.4]
  let totalLength = 0
  const holders = new Map<string, number>()
  for (const docTerms of live.values()) {
    totalLength += docTerms.length
    for (const one of new Set(docTerms)) holders.set(one, (holders.get(one) ?? 0) + 1)
  }
  const hits: Hit[] = []
  for (const [doc, docTerms] of live) {
    const norm = k1 * (1 - b) + ((k1 * b) / (totalLength / live.size)) * docTerms.length
    let score = 0
    let unrounded = 0
    for (const one of new Set(query)) {
      if (!docTerms.includes(one)) continue
      const count = docTerms.filter((t) => t === one).length
      const n = holders.get(one) ?? 0
      const idf = Math.log(1 + (live.size - n + 0.5) / (n + 0.5))
      score += Math.ceil((idf * (k1 + 1) * 2 ** 32) / (1 + norm / count)) / 2 ** 32
      const textbookNorm = k1 * (1 - b + (b * docTerms.length * live.size) / totalLength)
      unrounded += (idf * count * (k1 + 1)) / (count + textbookNorm)
    }
    if (Math.abs(score - unrounded) > 1e-7) throw new Error(`${score} is not the textbook's ${unrounded}`)
    if (score > 0) hits.push({ doc, score })
  }
  return hits.sort((x, y) => y.score - x.score || x.doc - y.doc)
}

/** 3 to 20 terms, the one of rank r with probability ∝ 1/r: a few are in most documents, most are rare. */
function zipfText(random: () => number): string[] {
  return Array.from({ length: 3 + Math.floor(random() * 18) }, () => `z${Math.floor(2000 ** random())}`)
}

/** Two to four of thirty terms: bounds are tight and scores tie often, so pruning a little too much shows. */
function evenText(random: () => number): string[] {
  return Array.from({ length: 2 + Math.floor(random() * 3) }, () => `e${Math.floor(random() * 30)}`)
}

/** Mulberry32: small seeded numbers from 0 up to 1. */
function generator(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
