import { expect, test } from 'vitest'
import { asyncDerived, createGraph, type Graph } from '../src/index.ts'
import { decode, encode, load, memoryStore, type Store, save, share } from '../src/persist.ts'
import { compute, evaluate, randomProgram } from './program.ts'
import { random } from './random.ts'

const bytes = (text: string) => new Uint8Array(Buffer.from(text))

test('H2: values survive exactly, including what JSON loses; what cannot survive is refused', () => {
  const values = [
    null,
    undefined,
    Number.NaN,
    -0,
    0,
    Infinity,
    -Infinity,
    1.5,
    2n ** 80n,
    '',
    'ä\u0000\n',
    true,
    [],
    {},
    [undefined],
    new Date(0),
    new Date(Number.NaN),
    new Map<unknown, unknown>([[{ a: 1 }, new Set([1, -0])]]),
    new Uint8Array([1, 2]),
    new Float64Array([1.5, -0]),
    new BigInt64Array([-5n]),
    { $talos: 'map', v: 1 },
    JSON.parse('{"__proto__": {"x": 1}}'),
    { constructor: 1, nested: { list: [1, [2]] } },
  ]
  for (const value of values) expect(decode(encode(value))).toEqual(value)
  expect(Object.is(decode(encode(-0)), -0)).toBe(true)
  expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  const cycle: unknown[] = []
  cycle.push(cycle)
  for (const value of [() => 1, Symbol('s'), new URLSearchParams(), cycle, new WeakMap(), { [Symbol('k')]: 1 }])
    expect(() => encode(value)).toThrow(expect.objectContaining({ code: 'not_serialisable' }))
  for (const text of ['', '{', '{"$talos":"nope"}', '{"$talos":"map","v":3}', '{"$talos":"BigInt64Array","v":"AA=="}'])
    expect(() => decode(text)).toThrow(expect.objectContaining({ code: 'corrupt_store' }))
})

test('H4: what was saved is served without running anything, and a change runs only its cone', async () => {
  const store = memoryStore()
  const rnds = Array.from({ length: 60 }, (_, seed) => random(seed))
  for (const [seed, rnd] of rnds.entries()) {
    const program = randomProgram(rnd, 4, 15, false)
    const values = [1, 2, 3, 4].map((value) => value + rnd.below(5))
    const key = `p${seed}`
    const first = build(createGraph())
    for (const [i, value] of values.entries()) first.inputs[i]?.set(value)
    for (const node of first.nodes) node.get()
    const report = await save(first.graph, store, key)
    expect(report.skipped).toEqual([])
    const second = build(createGraph())
    const loaded = await load(second.graph, store, key)
    expect(loaded).toEqual({ inputs: 4, derived: 15 })
    for (const [i, node] of second.nodes.entries()) expect(node.get()).toBe(evaluate(program, values, i))
    expect(second.graph.counters.runs).toBe(0)
    values[0] = 99
    second.inputs[0]?.set(99)
    for (const [i, node] of second.nodes.entries()) expect(node.get()).toBe(evaluate(program, values, i))

    function build(graph: Graph) {
      const inputs = values.map((_, i) => graph.input(0, { id: `i${i}`, persist: true }))
      const nodes: { get(): number }[] = [...inputs]
      for (const [i, formula] of program.formulas.entries())
        nodes.push(
          graph.derived(() => compute(formula, (dep) => nodes[dep]?.get() as number), { id: `n${i}`, persist: true }),
        )
      return { graph, inputs, nodes }
    }
  }
})

test('H4: another version, another input, or a memo entry asked for later', async () => {
  const store = memoryStore()
  let runs = 0
  const build = (version: number, extraInput: number) => {
    const graph = createGraph()
    const x = graph.input(2, { id: 'x', persist: true })
    const other = graph.input(extraInput, { id: 'other' })
    const power = graph.memo(
      (n: number): number => {
        runs++
        return n === 0 ? 1 : power(n - 1) * x.get()
      },
      { id: 'power', persist: true, version },
    )
    const mixed = graph.derived(() => power(2) + other.get(), { id: 'mixed', persist: true, version })
    return { graph, x, power, mixed }
  }
  const a = build(1, 0)
  expect(a.power(5)).toBe(32)
  expect(a.mixed.get()).toBe(4)
  const report = await save(a.graph, store, 'k')
  expect(report.derived).toBe(6)
  expect(report.skipped).toEqual([{ id: 'mixed', reason: 'it read an input that is not persisted' }])
  runs = 0
  const b = build(1, 0)
  await load(b.graph, store, 'k')
  expect(b.power(5)).toBe(32)
  expect(runs).toBe(0)
  b.x.set(3)
  expect(b.power(2)).toBe(9)
  expect(runs).toBe(2)
  runs = 0
  const c = build(2, 0)
  await load(c.graph, store, 'k')
  expect(c.power(5)).toBe(32)
  expect(runs).toBe(6)
})

test('H5: a tampered, torn, foreign or renamed entry is reported and ignored, never served', async () => {
  const store = memoryStore()
  const build = () => {
    const graph = createGraph()
    const x = graph.input(2, { id: 'x', persist: true })
    return { graph, x, d: graph.derived(() => x.get() * 10, { id: 'd', persist: true }) }
  }
  const a = build()
  a.x.set(5)
  a.d.get()
  await save(a.graph, store, 'k', { secret: 'key' })
  const good = (await store.read('k')) as Uint8Array
  for (let at = 0; at < good.length; at += 7) {
    const bad = good.slice()
    bad[at] = (bad[at] as number) ^ 1
    await expectRejected(bad)
    await expectRejected(good.slice(0, at))
  }
  await expectRejected(good, 'other key')
  await expectRejected(bytes('{}'))
  const b = build()
  expect((await load(b.graph, store, 'none')).problem).toBeUndefined()
  await store.write('k', good)
  expect((await load(b.graph, store, 'k', { secret: 'wrong' })).problem?.code).toBe('corrupt_store')
  expect((await load(b.graph, store, 'k', { secret: 'key' })).inputs).toBe(1)
  expect(b.d.get()).toBe(50)

  async function expectRejected(data: Uint8Array, key = 'k') {
    await store.write(key, data)
    const { graph, d } = build()
    const report = await load(graph, store, key, { secret: 'key' })
    expect(['corrupt_store', 'foreign_store']).toContain(report.problem?.code)
    expect(d.get()).toBe(20)
  }
})

test('X1: a secret, and what is computed from it, is never saved, not even as a digest', async () => {
  const store = memoryStore()
  const graph = createGraph()
  const token = graph.input('hunter2', { id: 'token', persist: true, secret: true })
  const header = graph.derived(() => `Bearer ${token.get()}`, { id: 'header', persist: true })
  const length = graph.derived(() => header.get().length, { id: 'length', persist: true, declassify: 'only its size' })
  expect(length.get()).toBe(14)
  const report = await save(graph, store, 'k')
  expect(Buffer.from((await store.read('k')) as Uint8Array).toString()).not.toContain('hunter2')
  expect(report.skipped.map(({ id, reason }) => `${id}: ${reason}`).sort()).toEqual([
    'header: secret',
    'length: it read a secret',
    'token: secret',
  ])
})

test('H6: failures, values no store can keep, and nodes out of date are skipped with the reason', async () => {
  const graph = createGraph()
  const x = graph.input(1, { id: 'x', persist: true })
  graph.input(() => 1, { id: 'f', persist: true })
  const bad = graph.derived(
    () => {
      if (x.get() > 0) throw new Error('no')
      return 0
    },
    { id: 'bad', persist: true },
  )
  const late = graph.derived(() => x.get(), { id: 'late', persist: true })
  expect(() => bad.get()).toThrow('no')
  late.get()
  x.set(2)
  const report = await save(graph, memoryStore(), 'k')
  expect(report.inputs).toBe(1)
  expect(report.skipped.map(({ id }) => id).sort()).toEqual(['bad', 'f', 'late'])
  expect(() => graph.input(1, { persist: true })).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
  expect(() => graph.input(1, { id: 'x', persist: true })).toThrow(expect.objectContaining({ code: 'duplicate_id' }))
})

test('H1: callers in many places compute once and publish once; a forged entry is computed again', async () => {
  const store = memoryStore()
  let runs = 0
  const events: string[] = []
  const make = () =>
    share(
      store,
      'square',
      async (n: number) => {
        runs++
        await new Promise((r) => setTimeout(r, 3))
        return n * n
      },
      { secret: 's', pollMs: 2, onEvent: ({ kind }) => events.push(kind) },
    )
  const callers = Array.from({ length: 8 }, make)
  const results = await Promise.all(callers.flatMap((call) => [1, 2, 3].map((n) => call(n))))
  expect(results).toEqual(callers.flatMap(() => [1, 4, 9]))
  expect(runs).toBe(3)
  expect(events.filter((kind) => kind === 'published')).toHaveLength(3)
  for await (const key of store.list('result/')) await store.write(key, bytes('x\n{}'))
  expect(await make()(2)).toBe(4)
  expect(runs).toBe(4)
  expect(events).toContain('rejected')
})

test('H1: a holder that falls silent is replaced, and adopts the result that was published meanwhile', async () => {
  const store = memoryStore()
  let now = 1000
  const events: string[] = []
  const stuck: ((value: string) => void)[] = []
  const options = { leaseMs: 50, pollMs: 1, now: () => now, onEvent: ({ kind }: { kind: string }) => events.push(kind) }
  const sleepy = share(frozen(store), 'f', () => new Promise<string>((resolve) => stuck.push(resolve)), options)
  const awake = share(store, 'f', async () => 'awake', options)
  const first = sleepy()
  while (stuck.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
  const second = awake()
  await new Promise((resolve) => setTimeout(resolve, 5))
  expect(events).toEqual([])
  now += 100
  expect(await second).toBe('awake')
  stuck[0]?.('zombie')
  expect(await first).toBe('awake')
  expect(events).toEqual(['published', 'adopted'])

  /** A process that is stopped cannot renew its lease. */
  function frozen(store: Store): Store {
    return {
      ...store,
      write: async (key, data) => {
        if (!key.startsWith('lease/')) await store.write(key, data)
      },
    }
  }
})

test('H1: a failing computation publishes nothing and lets the next caller try', async () => {
  const store = memoryStore()
  let fail = true
  const call = share(
    store,
    'f',
    async () => {
      if (fail) throw new Error('down')
      return 1
    },
    { pollMs: 1 },
  )
  await expect(call()).rejects.toThrow('down')
  fail = false
  expect(await call()).toBe(1)
  const graph = createGraph()
  const x = graph.input(3)
  const shared = share(store, 'triple', async (n: number) => n * 3)
  const node = asyncDerived(graph, async (t) => shared(t.get(x)))
  expect(await node.get()).toBe(9)
})

test('H7: a deep persisted chain loads without deep recursion', async () => {
  const store = memoryStore()
  const build = () => {
    const graph = createGraph()
    let last: { get(): number } = graph.input(1, { id: 'x', persist: true })
    for (let i = 0; i < 5000; i++) {
      const below = last
      last = graph.derived(() => below.get() + 1, { id: `c${i}`, persist: true })
    }
    return { graph, last }
  }
  const a = build()
  expect(a.last.get()).toBe(5001)
  await save(a.graph, store, 'k')
  const b = build()
  expect((await load(b.graph, store, 'k')).derived).toBe(5000)
  expect(b.last.get()).toBe(5001)
  expect(b.graph.counters.runs).toBe(0)
})
