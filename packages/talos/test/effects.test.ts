/** Single cases of effects that random programs rarely meet: found missing by a mutation run (docs/mutation.md). */
import { expect, test } from 'vitest'
import { nodeOf } from '../src/create.ts'
import { createGraph, type Disposer } from '../src/index.ts'

test('B1: an effect created inside a batch runs at once and delivers nothing of the batch', () => {
  const graph = createGraph()
  const a = graph.input(0)
  const seen: string[] = []
  graph.effect(() => void seen.push(`old ${a.get()}`))
  graph.batch(() => {
    a.set(1)
    graph.effect(() => void seen.push(`new ${a.get()}`))
    seen.push('end of batch')
  })
  expect(seen).toEqual(['old 0', 'new 1', 'end of batch', 'old 1'])
})

test('O1 O4: an effect ends before what it wrote or created makes others run', () => {
  const graph = createGraph()
  const a = graph.input(0)
  const b = graph.input(0)
  const seen: string[] = []
  graph.effect(() => void seen.push(`reader ${a.get()}`))
  graph.effect(() => {
    seen.push('writer begins')
    a.set(b.get() + 1)
    seen.push('writer ends')
  })
  expect(seen).toEqual(['reader 0', 'writer begins', 'writer ends', 'reader 1'])
  graph.effect(() => {
    seen.push('parent begins')
    graph.effect(() => void seen.push(`child ${b.get()}`))
    seen.push('parent ends')
    b.get()
  })
  graph.effect(() => void seen.push(`last ${b.get()}`))
  seen.length = 0
  b.set(1)
  expect(seen).toEqual([
    'writer begins',
    'writer ends',
    'parent begins',
    'child 1',
    'parent ends',
    'last 1',
    'reader 2',
  ])
})

test('O2: a cleanup may dispose of its own effect, and a result that is no function is none', () => {
  const graph = createGraph()
  const a = graph.input(0)
  let runs = 0
  const effect: Disposer = graph.effect(() => {
    runs++
    a.get()
    return () => effect.dispose()
  })
  a.set(1)
  a.set(2)
  expect(runs).toBe(1)
  const values: unknown[] = []
  graph.effect((() => values.push(a.get())) as () => void)
  a.set(3)
  expect(values).toEqual([2, 3])
})

test('O2 O3: a cleanup that throws does not take the scope away from what comes after', () => {
  const graph = createGraph()
  const a = graph.input(0)
  let runs = 0
  const failing = graph.effect(() => () => {
    throw new Error('of the cleanup')
  })
  const scope = graph.scope(() => {
    expect(() => failing.dispose()).toThrow('of the cleanup')
    graph.effect(() => {
      runs++
      a.get()
    })
  })
  scope.dispose()
  a.set(1)
  expect(runs).toBe(1)
})

test('O3: an effect that disposes itself while it runs cleans up and keeps nothing', () => {
  const graph = createGraph()
  const a = graph.input(0)
  const seen: string[] = []
  const effect: Disposer = graph.effect(() => {
    if (a.get() === 1) effect.dispose()
    seen.push(`run ${a.get()}`)
    return () => void seen.push('cleaned')
  })
  a.set(1)
  a.set(2)
  expect(seen).toEqual(['run 0', 'cleaned', 'run 1', 'cleaned'])
  expect(nodeOf(effect).trace).toEqual([])
  expect(nodeOf(a).subs).toBeNull()
})

test('O4: runs of different flushes do not add up to a loop; a hundred in one are allowed', () => {
  const graph = createGraph()
  const a = graph.input(0)
  let runs = 0
  let loops = false
  graph.effect(() => {
    runs++
    if (a.get() % 2 === 1 || loops) a.set(a.get() + 1)
  })
  for (let i = 0; i < 150; i++) a.set(a.peek() + 1)
  expect([runs, a.peek()]).toEqual([301, 300])
  loops = true
  runs = 0
  expect(() => a.set(1)).toThrow(expect.objectContaining({ code: 'runaway_effect' }))
  expect(runs).toBe(100)
  loops = false
  a.set(1000)
  expect(runs).toBe(101)
})

test('O5: what an effect wrote before it failed is delivered', () => {
  const graph = createGraph()
  const a = graph.input(0)
  const b = graph.input(0)
  const seen: number[] = []
  graph.effect(() => void seen.push(b.get()))
  graph.effect(() => {
    if (a.get() === 0) return
    b.set(a.get())
    throw new Error('after the write')
  })
  expect(() => a.set(1)).toThrow('after the write')
  expect(seen).toEqual([0, 1])
})

test('O6: a scheduled effect is due once however often it became so, and again after it ran or failed', () => {
  const graph = createGraph()
  const a = graph.input(0)
  const b = graph.input(0)
  const due: (() => void)[] = []
  const seen: number[] = []
  const effect = graph.effect(
    () => {
      if (a.get() === 3) throw new Error('three')
      seen.push(a.get())
    },
    { schedule: (run) => void due.push(run) },
  )
  a.set(1)
  a.set(2)
  expect(due).toHaveLength(1)
  due.pop()?.()
  a.set(3)
  expect(due).toHaveLength(1)
  expect(() => due.pop()?.()).toThrow('three')
  graph.effect(() => void seen.push(b.get() * 100))
  b.set(1)
  a.set(4)
  due.pop()?.()
  expect(seen).toEqual([0, 2, 0, 100, 4])
  a.set(5)
  effect.dispose()
  due.pop()?.()
  expect(seen).toEqual([0, 2, 0, 100, 4])
})
