import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { SentenceTable } from './sentenceTable.ts'

test('says of every sentence who has it first and who after, like a plain list', () => {
  const name = fc.record({
    high: fc.integer({ min: -2, max: 2 }),
    low: fc.integer({ min: -9, max: 9 }).map((n) => n * 64),
  })
  const steps = fc.array(fc.tuple(name, fc.nat(9), fc.boolean()), { maxLength: 600 })
  fc.assert(
    fc.property(steps, (changes) => {
      const table = new SentenceTable()
      const list = new Map<string, { name: (typeof changes)[number][0]; holders: Set<number> }>()
      for (const [name, ordinal, comes] of changes) {
        const entry = list.get(JSON.stringify(name)) ?? { name, holders: new Set() }
        list.set(JSON.stringify(name), entry)
        if (comes) table.add(name, ordinal)
        else table.remove(name, ordinal)
        if (comes) entry.holders.add(ordinal)
        else entry.holders.delete(ordinal)
      }
      for (const { name, holders } of list.values()) {
        const [first, ...after] = [...holders].sort((a, b) => a - b)
        expect(table.first(name)).toEqual(first)
        expect(table.repeats(name)).toEqual(after)
      }
    }),
    { numRuns: 300 },
  )
})

test('places that were given up are used again', () => {
  const table = new SentenceTable()
  for (let ordinal = 0; ordinal < 100_000; ordinal += 1) {
    table.add({ high: ordinal, low: ordinal * 7 }, ordinal)
    table.remove({ high: ordinal, low: ordinal * 7 }, ordinal)
  }
  expect(table.bytes).toBeLessThan(2_000)
})
