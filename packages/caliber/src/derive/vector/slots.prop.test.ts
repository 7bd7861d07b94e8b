/** Slots against a map. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Slots } from './slots.ts'

test('after any puts and removals, every item is in the slot it was put in last, and a mask says which are accepted', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const slots = new Slots()
      const held = new Map<number, number>()
      for (const { ordinal, slot } of steps) {
        if (slot === undefined) expect(slots.remove(ordinal)).toBe(held.delete(ordinal))
        else {
          slots.put(ordinal, slot)
          held.set(ordinal, slot)
        }
      }
      expect(slots.size).toBe(held.size)
      for (let ordinal = 0; ordinal < 310; ordinal += 1) expect(slots.get(ordinal)).toBe(held.get(ordinal))
      for (const accept of [() => true, (ordinal: number) => ordinal % 3 === 0, () => false]) {
        const accepted = [...held].filter(([ordinal]) => accept(ordinal)).map(([, slot]) => slot)
        expect(bitsOf(slots.mask(accept))).toEqual(new Set(accepted))
      }
    }),
  )
})

const step = fc.record({ ordinal: fc.nat(300), slot: fc.option(fc.nat(2_000), { freq: 3, nil: undefined }) })

function bitsOf(mask: Uint8Array): Set<number> {
  const bits = new Set<number>()
  for (let slot = 0; slot < mask.length * 8; slot += 1) {
    if (Math.floor((mask[Math.floor(slot / 8)] ?? 0) / 2 ** (slot % 8)) % 2 === 1) bits.add(slot)
  }
  return bits
}
