/** Where the vectors of a space are while it fills, moves and empties. */
import { expect, test } from 'vitest'
import { Slots } from './slots.ts'
import { VectorIndex } from './vectorIndex.ts'
import { VectorSpace } from './vectorSpace.ts'

const roomOfThree = 3 * 2 * 4

test('vectors move when there is no room for one more, and those in memory serve until each has its slot', () => {
  const space = filled(3)
  space.keepWithin(roomOfThree)
  expect(space).toMatchObject({ place: 'memory', coverage: 'full', size: 3 })
  const before = space.digest
  space.expect(3)
  space.keepWithin(roomOfThree)
  expect(space).toMatchObject({ place: 'database', coverage: 'partial', size: 3, digest: before })
  expect([...space.lacking]).toEqual([0, 1, 2, 3])
  for (const ordinal of [0, 1, 2]) space.putSlot(ordinal, idOf(ordinal), 10 + ordinal)
  expect(space.vectors).toBeInstanceOf(VectorIndex)
  space.putSlot(3, idOf(3), 13)
  expect(space.vectors).toBeInstanceOf(Slots)
  expect(space).toMatchObject({ place: 'database', coverage: 'full', size: 4 })
  expect(space.digest).toBe(filled(4).digest)
})

test('while vectors move, what goes leaves both, and what gets none holds nothing up', () => {
  const space = filled(4)
  space.keepWithin(roomOfThree)
  space.putSlot(0, idOf(0), 0)
  space.remove(0, idOf(0))
  expect(space.digest).toBe(filled(4, 1).digest)
  space.putSlot(1, idOf(1), 1)
  space.put(2, idOf(2), null)
  space.remove(3, idOf(3))
  expect(space).toMatchObject({ coverage: 'full', size: 1, digest: filled(2, 1).digest })
  expect(space.vectors).toBeInstanceOf(Slots)
})

test('a memory that begins too large holds slots from the first one on, and keeps them when it shrinks', () => {
  const space = new VectorSpace({ name: 'x', dimensions: 2 })
  for (const ordinal of [0, 1, 2, 3]) space.expect(ordinal)
  space.keepWithin(roomOfThree)
  space.putSlot(0, idOf(0), 0)
  expect(space.vectors).toBeInstanceOf(Slots)
  for (const ordinal of [1, 2, 3]) space.remove(ordinal, idOf(ordinal))
  space.keepWithin(roomOfThree)
  expect(space).toMatchObject({ place: 'database', coverage: 'full', size: 1 })
})

test('a vector is not taken for a slot, nor a slot for a vector', () => {
  const space = new VectorSpace({ name: 'x', dimensions: 2 })
  space.expect(0)
  space.putSlot(0, idOf(0), 0)
  expect(space).toMatchObject({ coverage: 'partial', size: 0 })
  space.keepWithin(0)
  space.put(0, idOf(0), Float32Array.of(1, 0))
  expect(space).toMatchObject({ coverage: 'partial', size: 0 })
})

function filled(end: number, start = 0): VectorSpace {
  const space = new VectorSpace({ name: 'x', dimensions: 2 })
  for (let ordinal = start; ordinal < end; ordinal += 1) {
    space.expect(ordinal)
    space.put(ordinal, idOf(ordinal), Float32Array.of(1, 0))
  }
  return space
}

function idOf(ordinal: number): string {
  return `01890a5d-ac96-774b-bcce-b3021099a${ordinal.toString().padStart(3, '0')}`.slice(0, 36)
}
