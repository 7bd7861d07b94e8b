import { expect, test } from 'vitest'
import {
  type AsyncDerived,
  asyncDerived,
  collection,
  createGraph,
  fork,
  Gate,
  type Input,
  mapAsync,
  watch,
} from '../src/index.ts'
import { random } from './random.ts'

test('A1 A2: for random delays and edits, the settled value equals evaluation from scratch and stale runs are aborted', async () => {
  for (let seed = 1; seed <= 150; seed++) {
    const rnd = random(seed)
    const graph = createGraph()
    const values = [1, 2, 3]
    const inputs = values.map((value) => graph.input(value))
    const input = (i: number) => inputs[i] as Input<number>
    const pause = async () => {
      for (let i = rnd.below(4); i > 0; i--) await undefined
    }
    let aborted = 0
    const first = asyncDerived(graph, async (t) => {
      t.signal.addEventListener('abort', () => aborted++)
      await pause()
      const a = t.get(input(0))
      await pause()
      return a + t.get(input(1))
    })
    const second = asyncDerived(graph, async (t) => {
      const c = t.get(input(2))
      await pause()
      if (c % 5 === 0) throw new Error('five')
      return (await t.get(first)) * c
    })
    const effect = rnd.chance(0.5) ? graph.effect(() => void second.state.get()) : undefined
    for (let step = 0; step < 15; step++) {
      const i = rnd.below(3)
      values[i] = rnd.below(12)
      input(i).set(values[i] as number)
      await pause()
      if (rnd.chance(0.3)) await outcome(second)
      if (rnd.chance(0.2)) void outcome(first)
    }
    const [a, b, c] = values as [number, number, number]
    expect(await outcome(second), `seed ${seed}`).toBe(c % 5 === 0 ? 'five' : (a + b) * c)
    expect(await outcome(first), `seed ${seed}`).toBe(a + b)
    effect?.dispose()
  }
})

test('A3: readers at the same time share one run, and an equal result reruns nobody', async () => {
  const graph = createGraph()
  const source = graph.input(1)
  let runs = 0
  let above = 0
  const parity = asyncDerived(graph, async (t) => {
    runs++
    await undefined
    return t.get(source) % 2
  })
  const top = asyncDerived(graph, async (t) => {
    above++
    return (await t.get(parity)) + 10
  })
  expect(await Promise.all([top.get(), top.get(), parity.get(), parity.get()])).toEqual([11, 11, 1, 1])
  expect([runs, above]).toEqual([1, 1])
  source.set(3)
  expect(await top.get()).toBe(11)
  expect([runs, above]).toEqual([2, 1])
})

test('A4: the last value is kept while a new one is computed, and errors can be retried', async () => {
  const graph = createGraph()
  const source = graph.input(1)
  let fail = false
  const node = asyncDerived(graph, async (t) => {
    const value = t.get(source)
    await undefined
    if (fail) throw new Error('down')
    return value
  })
  expect(node.state.get()).toEqual({ kind: 'pending', last: undefined })
  expect(await node.get()).toBe(1)
  expect(node.state.get()).toEqual({ kind: 'ready', value: 1 })
  fail = true
  source.set(2)
  expect(node.state.get()).toEqual({ kind: 'pending', last: 1 })
  await expect(node.get()).rejects.toThrow('down')
  expect(node.state.get()).toMatchObject({ kind: 'error', last: 1 })
  fail = false
  await expect(node.get()).rejects.toThrow('down')
  node.refresh()
  expect(await node.get()).toBe(2)
})

test('A5: a superseded run is aborted, its result dropped, and it can run again', async () => {
  const graph = createGraph()
  const source = graph.input(1)
  const signals: AbortSignal[] = []
  const releases: (() => void)[] = []
  const node = asyncDerived(graph, async (t) => {
    const value = t.get(source)
    signals.push(t.signal)
    await new Promise<void>((resolve) => releases.push(resolve))
    return value
  })
  const effect = graph.effect(() => void node.state.get())
  await undefined
  await undefined
  source.set(2)
  expect(signals[0]?.aborted).toBe(true)
  await undefined
  await undefined
  releases[0]?.()
  releases[1]?.()
  expect(await node.get()).toBe(2)
  effect.dispose()
  node.dispose()
  await expect(node.get()).rejects.toThrow(expect.objectContaining({ code: 'disposed' }))
})

test('A6: a gate bounds how many elements of a mapped collection are under way', async () => {
  const graph = createGraph()
  const source = collection(
    graph,
    Array.from({ length: 20 }, (_, i) => [i, i] as const),
  )
  let under = 0
  let most = 0
  let runs = 0
  const squares = mapAsync(
    graph,
    source,
    async (value) => {
      runs++
      most = Math.max(most, ++under)
      await new Promise((resolve) => setImmediate(resolve))
      under--
      return value * value
    },
    { concurrency: 3 },
  )
  expect((await squares.get()).get(4)).toBe(16)
  expect(most).toBe(3)
  source.set(4, 5)
  expect((await squares.get()).get(4)).toBe(25)
  expect(runs).toBe(21)
  const gate = new Gate(1)
  await expect(gate.run(() => Promise.reject(new Error('x')))).rejects.toThrow('x')
  expect(await gate.run(async () => 1)).toBe(1)
})

test('A7: an asynchronous value inside a fork sees the fork and leaves the parent alone', async () => {
  const graph = createGraph()
  const source = graph.input(1)
  const node = asyncDerived(graph, async (t) => {
    await undefined
    return t.get(source) * 10
  })
  expect(await node.get()).toBe(10)
  const view = fork(graph)
  view.set(source, 5)
  view.get(node.state)
  for (let i = 0; i < 10; i++) await undefined
  expect(view.get(node.state)).toEqual({ kind: 'ready', value: 50 })
  expect(node.state.get()).toEqual({ kind: 'ready', value: 10 })
})

test('O6: a watched value that fails ends the loop with its error', async () => {
  const graph = createGraph()
  const source = graph.input(1)
  const checked = graph.derived(() => {
    if (source.get() > 1) throw new Error('too large')
    return source.get()
  })
  const seen: number[] = []
  const following = (async () => {
    for await (const value of watch(graph, checked)) {
      seen.push(value)
      source.set(2)
    }
  })()
  await expect(following).rejects.toThrow('too large')
  expect(seen).toEqual([1])
})

test('O6: watch yields the newest value and stops observing when the loop ends', async () => {
  const graph = createGraph()
  const source = graph.input(1)
  const double = graph.derived(() => source.get() * 2)
  const seen: number[] = []
  setTimeout(() => source.set(2), 1)
  setTimeout(() => {
    source.set(3)
    source.set(4)
  }, 5)
  for await (const value of watch(graph, double)) {
    seen.push(value)
    if (value === 8) break
  }
  expect(seen).toEqual([2, 4, 8])
})

async function outcome(node: AsyncDerived<number>): Promise<unknown> {
  try {
    return await node.get()
  } catch (error) {
    return (error as Error).message
  }
}
