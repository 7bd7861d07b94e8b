/** Single cases of evaluation that random programs rarely meet: found missing by a mutation run (docs/mutation.md). */
import { expect, test } from 'vitest'
import { check } from '../src/check.ts'
import { nodeOf } from '../src/create.ts'
import { CycleError, createGraph, type Readable } from '../src/index.ts'

test('G2: a nested run that reads less than before keeps exactly what it read', () => {
  const graph = createGraph()
  const wide = graph.input(true)
  const inputs = [1, 2, 3].map((value) => graph.input(value))
  const inner = graph.derived(() => (wide.get() ? inputs.reduce((sum, input) => sum + input.get(), 0) : 0))
  const first = graph.input(0)
  const outer = graph.derived(() => first.get() + inner.get())
  expect(inner.get()).toBe(6)
  wide.set(false)
  expect(outer.get()).toBe(0)
  expect(check(graph, [inner, outer]).edges).toBe(3)
  inputs[0]?.set(10)
  first.set(1)
  expect(outer.get()).toBe(1)
  wide.set(true)
  expect(outer.get()).toBe(16)
})

test('G2: a run that reads what the last one read keeps its trace and its edges', () => {
  const graph = createGraph()
  const a = graph.input(1)
  const b = graph.derived(() => a.get() + 1)
  const effect = graph.effect(() => void b.get())
  const nodes = [nodeOf(b), nodeOf(effect)]
  const before = nodes.map((node) => [node.trace, node.edges])
  a.set(2)
  for (const [i, node] of nodes.entries()) {
    expect(node.trace).toBe(before[i]?.[0])
    expect(node.edges).toBe(before[i]?.[1])
  }
})

test('L1: the engine itself holds nothing that was read or run', () => {
  const graph = createGraph()
  const a = graph.input(1)
  const b = graph.derived(() => a.get() + 1)
  graph.effect(() => void b.get()).dispose()
  graph.derived(() => a.get() + b.get()).get()
  expect(graph.state.reads.length).toBeGreaterThan(0)
  expect([...graph.state.reads, ...graph.state.runs].filter((held) => held !== undefined)).toEqual([])
})

test('E1: after an error the function is told of no previous value', () => {
  const graph = createGraph()
  const a = graph.input(0)
  const told: unknown[] = []
  const b = graph.derived<number>((previous) => {
    told.push(previous)
    if (a.get() === 1) throw new Error('one')
    return a.get()
  })
  for (const value of [0, 1, 2, 3]) {
    a.set(value)
    try {
      b.get()
    } catch {}
  }
  expect(told).toEqual([undefined, 0, undefined, 2])
})

test('E2: what is refreshed below runs again for those two levels above', () => {
  const graph = createGraph()
  let runs = 0
  const bottom = graph.derived(() => ++runs)
  const middle = graph.derived(() => bottom.get())
  const top = graph.derived(() => middle.get())
  expect(top.get()).toBe(1)
  bottom.refresh()
  expect(top.get()).toBe(2)
  expect(top.get()).toBe(2)
  const effect = graph.effect(() => void top.get())
  bottom.refresh()
  expect(top.get()).toBe(3)
  expect(runs).toBe(3)
  effect.dispose()
})

test('Y1: the path starts at the cycle, not at who asked, and needs no names', () => {
  const graph = createGraph()
  const a: Readable<number> = graph.derived(() => b.get(), { id: 'a' })
  const b: Readable<number> = graph.derived(() => a.get(), { id: 'b' })
  const outer = graph.derived(() => a.get(), { id: 'outer' })
  expect(() => outer.get()).toThrow(expect.objectContaining({ path: ['a', 'b', 'a'] }))
  const self: Readable<number> = graph.derived(() => self.get())
  expect(() => self.get()).toThrow(CycleError)
})

test('Y3: who reads a fix-point from outside is cached, and sees it move', () => {
  const graph = createGraph()
  const limit = graph.input(3)
  let runs = 0
  const grow: Readable<number> = graph.derived(() => Math.min(limit.get(), step.get() + 1), { cycle: { initial: 0 } })
  const step: Readable<number> = graph.derived(() => grow.get())
  const outer = graph.derived(() => {
    runs++
    return grow.get() * 10
  })
  expect([outer.get(), outer.get(), runs]).toEqual([30, 30, 1])
  limit.set(5)
  expect([outer.get(), outer.get(), runs]).toEqual([50, 50, 2])
})

test('Y3: a fix-point gives up after exactly the iterations it was allowed', () => {
  const graph = createGraph()
  let runs = 0
  const never: Readable<number> = graph.derived(
    () => {
      runs++
      return never.get() + 1
    },
    { cycle: { initial: 0, maxIterations: 7 } },
  )
  expect(() => never.get()).toThrow('after 7 iterations')
  expect(runs).toBe(7)
})

test('I2: counters count runs, cut-offs, verifications, marks, effects and suspensions', () => {
  const graph = createGraph()
  const a = graph.input(1)
  const parity = graph.derived(() => a.get() % 2)
  const top = graph.derived(() => parity.get())
  const counted = (action: () => void) => {
    const before = graph.counters
    action()
    const now = graph.counters
    return Object.fromEntries(
      Object.entries(now)
        .map(([name, value]) => [name, value - before[name as keyof typeof before]] as const)
        .filter(([, value]) => value !== 0),
    )
  }
  expect(counted(() => top.get())).toEqual({ runs: 2 })
  a.set(3)
  expect(counted(() => top.get())).toEqual({ runs: 1, cutoffs: 1, verified: 1 })
  expect(counted(() => graph.effect(() => void top.get()))).toEqual({ effects: 1 })
  expect(counted(() => a.set(5))).toEqual({ runs: 1, cutoffs: 1, marks: 1 })
  expect(counted(() => a.set(6))).toEqual({ runs: 2, marks: 3, effects: 1 })
  let last: Readable<number> = a
  for (let i = 0; i < 2000; i++) {
    const below = last
    last = graph.derived(() => below.get() + 1)
  }
  const cold = counted(() => last.get())
  expect(cold['runs']).toBe(2000)
  expect(cold['suspended']).toBeGreaterThan(1000)
})

test('C4: reading what nobody marked verifies nothing below it', () => {
  const graph = createGraph()
  const a = graph.input(1)
  const other = graph.input(1)
  let last: Readable<number> = a
  for (let i = 0; i < 50; i++) {
    const below = last
    last = graph.derived(() => below.get() + 1)
  }
  graph.effect(() => void last.get())
  other.set(2)
  const before = graph.counters
  expect(graph.derived(() => last.get() + other.get()).get()).toBe(53)
  expect(graph.counters.verified).toBe(before.verified)
})

test('G1: with writes allowed in derived values, one that outdates itself runs again', () => {
  const graph = createGraph({ writesInDerived: true })
  const a = graph.input(0)
  const climb = graph.derived(() => {
    const value = a.get()
    if (value < 3) a.set(value + 1)
    return value
  })
  const seen: number[] = []
  graph.effect(() => void seen.push(climb.get()))
  expect(seen.at(-1)).toBe(3)
  a.set(1)
  expect(seen.at(-1)).toBe(3)
})

test('Y1: a cycle longer than the nesting limit has a path that starts at the cycle', () => {
  const graph = createGraph()
  const size = 1200
  const nodes: Readable<number>[] = []
  for (let i = 0; i < size; i++) nodes.push(graph.derived(() => nodes[(i + 1) % size]?.get() ?? 0, { id: `n${i}` }))
  let outer: Readable<number> = nodes[0] as Readable<number>
  for (let i = 0; i < 50; i++) {
    const below = outer
    outer = graph.derived(() => below.get(), { id: `outer${i}` })
  }
  let path: readonly string[] = []
  try {
    outer.get()
  } catch (error) {
    path = (error as CycleError).path
  }
  expect(path).toHaveLength(size + 1)
  expect(path[0]).toBe(path.at(-1))
  expect(new Set(path).size).toBe(size)
  expect(path.filter((id) => id.startsWith('outer'))).toEqual([])
})

test('D2: a suspended read leaves nothing behind in a verification it interrupts, nor in an effect', () => {
  const graph = createGraph()
  const a = graph.input(0)
  const deep = graph.input(false)
  let last: Readable<number> = a
  for (let i = 0; i < 2000; i++) {
    const below = last
    last = graph.derived(() => below.get() + 1)
  }
  const cold = last
  const bottom = graph.derived(() => (deep.get() ? cold.get() : 0))
  const middle = graph.derived(() => bottom.get() + 1)
  const top = graph.derived(() => middle.get() + 1)
  expect(top.get()).toBe(2)
  deep.set(true)
  // One read at a depth of its own, so that the limit is met in the middle of verifying what is warm.
  const outer = graph.derived(() => top.get())
  expect(outer.get()).toBe(2002)
  expect(check(graph, [outer]).problems).toEqual([])
  a.set(1)
  const before = graph.counters.runs
  expect(outer.get()).toBe(2003)
  expect(graph.counters.runs - before).toBe(2004)
  let other: Readable<number> = a
  for (let i = 0; i < 2000; i++) {
    const below = other
    other = graph.derived(() => below.get() + 1)
  }
  const seen: number[] = []
  graph.effect(() => void seen.push(other.get()))
  expect(seen).toEqual([2001])
})

test('L3: what is read twice from outside is kept; what an effect or nobody could keep is not', () => {
  const graph = createGraph()
  const a = graph.input(0)
  const { keeper } = graph.state
  const read = graph.derived(() => a.get())
  const sizes = [1, 2, 3].map((value) => {
    a.set(value)
    read.get()
    return keeper.size
  })
  expect(sizes).toEqual([0, 1, 1])
  const peeked = graph.derived(() => a.get() + 1)
  const effect = graph.effect(() => void [a.get(), peeked.peek()])
  a.set(4)
  a.set(5)
  effect.dispose()
  const overflow = (): number => overflow() + 1
  const never = graph.derived(() => a.get() + overflow())
  for (let i = 0; i < 3; i++) expect(() => never.get()).toThrow(RangeError)
  expect(keeper.size).toBe(1)
})
