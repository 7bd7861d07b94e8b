import { expect, test } from 'vitest'
import { collection, createGraph, fork, keyed } from '../src/index.ts'
import { forSeeds } from './random.ts'

test('K1: map, filter, group and fold equal their naive versions, also in forks, and run only what changed', () => {
  forSeeds(300, (rnd) => {
    const graph = createGraph()
    const factor = graph.input(1)
    const source = collection<number, number>(graph)
    const model = new Map<number, number>()
    let runs = 0
    const doubled = source.map((value) => {
      runs++
      if (value === 13) throw new Error('unlucky')
      return value % 2 === 0 ? value * 2 : value * factor.get()
    })
    const plain = source.map((value) => value + 1)
    const small = plain.filter((value) => value < 15)
    const groups = small.group((value) => `g${value % 3}`)
    const sum = small.fold(
      0,
      (total, value) => total + value,
      (total, value) => total - value,
    )
    for (let step = 0; step < 40; step++) {
      const key = rnd.below(12)
      const before = runs
      const old = model.get(key)
      if (rnd.chance(0.25)) {
        source.delete(key)
        model.delete(key)
      } else {
        const value = rnd.below(30)
        source.set(key, value)
        model.set(key, value)
      }
      if (rnd.chance(0.2)) factor.set(rnd.below(5))
      else if (readable(() => doubled.get())) expect(runs - before).toBeLessThanOrEqual(old === model.get(key) ? 0 : 1)
      compare(model, factor.peek())
      if (rnd.chance(0.2)) {
        const view = fork(graph)
        view.run(() => {
          source.set(99, 7)
          compare(new Map([...model, [99, 7]]), factor.peek())
        })
        compare(model, factor.peek())
      }
    }

    function compare(model: Map<number, number>, factor: number) {
      const sorted = [...model].sort(([a], [b]) => a - b)
      if (sorted.some(([, value]) => value === 13)) expect(() => doubled.get()).toThrow('unlucky')
      else expect([...doubled.get()]).toEqual(sorted.map(([k, v]) => [k, v % 2 === 0 ? v * 2 : v * factor]))
      const kept = sorted.map(([k, v]) => [k, v + 1] as const).filter(([, v]) => v < 15)
      expect([...small.get()]).toEqual(kept)
      expect(sum.get()).toBe(kept.reduce((total, [, v]) => total + v, 0))
      expect(groups.get()).toEqual(
        new Map(
          ['g0', 'g1', 'g2']
            .map((g) => [g, new Map(kept.filter(([, v]) => `g${v % 3}` === g))] as const)
            .filter(([, members]) => members.size > 0),
        ),
      )
    }
  })
})

test('K3: one changed element of many costs work proportional to the change', () => {
  const graph = createGraph()
  const size = 10_000
  const source = collection(
    graph,
    Array.from({ length: size }, (_, i) => [i, i] as const),
  )
  let runs = 0
  const sum = source
    .map((value) => {
      runs++
      return value * 2
    })
    .fold(
      0,
      (total, value) => total + value,
      (total, value) => total - value,
    )
  expect(sum.get()).toBe(size * (size - 1))
  runs = 0
  source.set(5000, 0)
  expect(sum.get()).toBe(size * (size - 1) - 10_000)
  expect(runs).toBe(1)
})

test('K4: a list becomes a collection by key; duplicates fail or the last one wins', () => {
  const graph = createGraph()
  const list = graph.input([
    { id: 'b', n: 1 },
    { id: 'a', n: 2 },
  ])
  let runs = 0
  const names = keyed(graph, list, (item) => item.id).map((item) => {
    runs++
    return item.n * 10
  })
  expect([...names.get()]).toEqual([
    ['a', 20],
    ['b', 10],
  ])
  list.update(([first]) => [first as { id: string; n: number }, { id: 'c', n: 3 }])
  expect([...names.get()]).toEqual([
    ['b', 10],
    ['c', 30],
  ])
  expect(runs).toBe(3)
  list.set([
    { id: 'a', n: 1 },
    { id: 'a', n: 2 },
  ])
  expect(() => names.get()).toThrow(expect.objectContaining({ code: 'duplicate_key' }))
  expect([...keyed(graph, list, (item) => item.id, { duplicates: 'last' }).get()]).toEqual([['a', { id: 'a', n: 2 }]])
})

test('K5: an element node is its own dependency: readers of one key ignore the others', () => {
  const graph = createGraph()
  const source = collection(graph, [
    ['a', 1],
    ['b', 2],
  ] as [string, number][])
  let runs = 0
  const onlyA = graph.derived(() => {
    runs++
    return source.at('a').get()
  })
  expect(onlyA.get()).toBe(1)
  source.set('b', 3)
  expect(onlyA.get()).toBe(1)
  expect(runs).toBe(1)
  expect(() => source.set(Number.NaN as never, 1)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
})

function readable(action: () => unknown): boolean {
  try {
    action()
    return true
  } catch {
    return false
  }
}
