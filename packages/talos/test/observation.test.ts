/** Single cases of delivery that random programs rarely meet: found missing by a mutation run (docs/mutation.md). */
import { expect, test } from 'vitest'
import { check } from '../src/check.ts'
import { nodeOf } from '../src/create.ts'
import { createGraph, type Derived, type Readable } from '../src/index.ts'
import type { Node } from '../src/node.ts'
import { Queue } from '../src/queue.ts'

test('O1: effects run in order of creation, in whatever order they became due', () => {
  const graph = createGraph()
  const inputs = Array.from({ length: 200 }, () => graph.input(0))
  let order: number[] = []
  for (const [i, input] of inputs.entries())
    graph.effect(() => {
      input.get()
      order.push(i)
    })
  const expected = inputs.map((_, i) => i)
  const swapped = expected.map((i) => (i % 10 === 0 ? i + 1 : i % 10 === 1 ? i - 1 : i))
  for (const due of [expected.toReversed(), swapped]) {
    order = []
    graph.batch(() => {
      for (const i of due) inputs[i]?.update((value) => value + 1)
    })
    expect(order).toEqual(expected)
  }
})

test('O1: a queue gives what was put in first, in the order of a key if asked, and begins anew when empty', () => {
  const graph = createGraph()
  const nodes = Array.from({ length: 40 }, (_, i) => nodeOf(graph.input(i)))
  const rank = (node: Node) => node.value as number
  const queue = new Queue()
  const drained = () => {
    const out: number[] = []
    for (let node = queue.shift(); node !== undefined; node = queue.shift()) out.push(rank(node))
    return out
  }
  expect([queue.empty, queue.size, queue.shift()]).toEqual([true, 0, undefined])
  for (const arrangement of [nodes, nodes.toReversed(), [...nodes.slice(1), nodes[0] as Node]]) {
    for (const node of [nodes[7] as Node, ...arrangement]) queue.push(node)
    expect([queue.empty, queue.size]).toEqual([false, 41])
    expect(queue.shift()).toBe(nodes[7])
    queue.sortBy(rank)
    expect(drained()).toEqual(nodes.map(rank))
    expect([queue.empty, queue.size]).toEqual([true, 0])
  }
})

test('O3: an effect that reads nothing can be disposed', () => {
  const graph = createGraph()
  const effect = graph.effect(() => {})
  effect.dispose()
  expect(effect.disposed).toBe(true)
})

test('O4: an effect that writes below what it read for the first time sees its own write', () => {
  const graph = createGraph()
  const a = graph.input(0)
  const below = graph.derived(() => a.get() + 1)
  const middle = graph.derived(() => below.get() * 10)
  const top = graph.derived(() => middle.get() + 1)
  const seen: number[] = []
  const effect = graph.effect(() => {
    seen.push(top.get())
    if (a.peek() < 3) a.set(a.peek() + 1)
  })
  expect(seen).toEqual([11, 21, 31, 41])
  expect(check(graph, [a, top, effect]).problems).toEqual([])
})

test('P3: certainty follows the first read of an effect when it changes', () => {
  const graph = createGraph()
  const which = graph.input(true)
  const left = graph.derived(() => which.get())
  const right = graph.derived(() => which.get())
  const both = graph.derived(() => (which.peek() ? left.get() === right.get() : right.get() === left.get()))
  const effect = graph.effect(() => void (which.peek() ? [left.get(), both.get()] : [both.get(), left.get()]))
  for (const value of [false, true, false]) {
    which.set(value)
    expect(check(graph, [which, both, effect]).problems).toEqual([])
  }
  effect.dispose()
  expect(check(graph, [which, left, right, both]).problems).toEqual([])
})

test('P3: what a probe reads while others are open is up to date, marked or probed', () => {
  const graph = createGraph()
  const head = graph.input(0)
  const seen: string[] = []
  let above: Derived<number> | undefined
  let beside: Derived<number> | undefined
  // The first probe: its second run reads what nobody has marked, and a probe that comes after it.
  const eager = graph.derived(() => (head.get() === 0 ? 0 : (above?.get() ?? 0) + (beside?.get() ?? 0)))
  graph.effect(() => void seen.push(`eager ${eager.get()}`))
  const late = graph.derived(() => head.get() * 10)
  graph.effect(() => void seen.push(`late ${late.get()}`))
  above = graph.derived(() => late.get() + 1)
  graph.effect(() => void seen.push(`above ${above?.get()}`))
  beside = graph.derived(() => head.get() * 100)
  graph.effect(() => void seen.push(`beside ${beside?.get()}`))
  graph.effect(() => void seen.push(`again ${beside?.get()}`))
  seen.length = 0
  head.set(1)
  expect(seen).toEqual(['eager 111', 'late 10', 'above 11', 'beside 100', 'again 100'])
  seen.length = 0
  head.set(2)
  expect(seen).toEqual(['eager 221', 'late 20', 'above 21', 'beside 200', 'again 200'])
})

test('P3: a probe that another one ran before its turn still tells its consumers', () => {
  const graph = createGraph()
  const head = graph.input(0)
  const seen: number[] = []
  let late: Readable<number> | undefined
  const eager = graph.derived(() => (head.get() === 0 ? 0 : (late?.get() ?? 0)))
  graph.effect(() => void eager.get())
  late = graph.derived(() => head.get() * 10)
  graph.effect(() => void seen.push(late?.get() ?? -1))
  head.set(1)
  expect(seen).toEqual([0, 10])
  expect(check(graph, [head, eager, late]).problems).toEqual([])
})
