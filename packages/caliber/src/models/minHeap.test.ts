import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { MinHeap } from './minHeap.ts'

test('keys come out in ascending order, equal ones as often as they went in', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1000), { maxLength: 200 }), (keys) => {
      const heap = new MinHeap(keys.length)
      for (const key of keys) heap.push(key)
      expect(keys.map(() => heap.pop())).toEqual(keys.toSorted((a, b) => a - b))
      expect(heap.pop()).toBe(-1)
    }),
  )
})

test('pushing between pops keeps the order of what is left', () => {
  const heap = new MinHeap(3)
  for (const key of [5, 3, 9]) heap.push(key)
  expect(heap.pop()).toBe(3)
  heap.push(4)
  expect([heap.pop(), heap.pop(), heap.pop(), heap.pop()]).toEqual([4, 5, 9, -1])
})
