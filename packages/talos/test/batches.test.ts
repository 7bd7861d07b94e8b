/** What a batch counts as, by its log: found missing by a mutation run (docs/mutation.md). */
import { expect, test } from 'vitest'
import { createGraph } from '../src/index.ts'

test('B1: a batch that sets a value and sets it back is no revision, whatever failed in between', () => {
  const graph = createGraph()
  const a = graph.input(0)
  graph.batch(() => {
    a.set(1)
    a.set(0)
  })
  expect(graph.revision).toBe(0)
  graph.batch(() => {
    a.set(1)
    expect(() => graph.batch(() => fail(() => a.set(2)))).toThrow('given up')
    expect(a.get()).toBe(1)
    a.set(0)
  })
  expect(graph.revision).toBe(0)
})

test('B2: a batch after one that was rolled back is a revision again', () => {
  const graph = createGraph()
  const a = graph.input(0)
  expect(() => graph.batch(() => fail(() => a.set(1)))).toThrow('given up')
  expect(graph.revision).toBe(0)
  graph.batch(() => a.set(1))
  expect(graph.revision).toBe(1)
})

test('B2 O5: the writer of a batch gets the error of an effect, but the own error of the batch comes first', () => {
  const graph = createGraph()
  const a = graph.input(0)
  let armed = false
  graph.effect(() => {
    a.get()
    if (armed) throw new Error('of the effect')
  })
  armed = true
  expect(() => graph.batch(() => a.set(1))).toThrow('of the effect')
  expect(() => graph.batch(() => fail(() => a.touch()))).toThrow('given up')
})

function fail(action: () => void): never {
  action()
  throw new Error('given up')
}
