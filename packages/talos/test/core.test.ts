import { expect, expectTypeOf, test, vi } from 'vitest'
import { check } from '../src/check.ts'
import {
  CycleError,
  createGraph,
  type Derived,
  type Input,
  type Readable,
  type TalosError,
  type Writable,
} from '../src/index.ts'

const code = (value: string) => expect.objectContaining({ code: value })

test('G1: inputs keep what is set, derived values are computed when first read', () => {
  const { input, derived } = createGraph()
  const a = input(1)
  const run = vi.fn(() => a.get() * 2)
  const b = derived(run)
  expect(run).not.toHaveBeenCalled()
  expect(b.get()).toBe(2)
  a.update((value) => value + 1)
  expect(b.get()).toBe(4)
  expectTypeOf(a).toEqualTypeOf<Input<number>>()
  expectTypeOf(derived(() => 'x')).toEqualTypeOf<Derived<string>>()
  expectTypeOf(createGraph().memo((n: number, s: string) => `${n}${s}`)).parameters.toEqualTypeOf<[number, string]>()
})

test('G2: dependencies are what the last run read; untracked reads are none', () => {
  const graph = createGraph()
  const flag = graph.input(true)
  const a = graph.input('a')
  const b = graph.input('b')
  const quiet = graph.input(0)
  const run = vi.fn(() => {
    quiet.peek()
    graph.untracked(() => quiet.get())
    return flag.get() ? a.get() + a.get() : b.get()
  })
  const pick = graph.derived(run)
  expect(pick.get()).toBe('aa')
  expect(check(graph, [pick]).edges).toBe(2)
  b.set('c')
  quiet.set(1)
  pick.get()
  expect(run).toHaveBeenCalledTimes(1)
  flag.set(false)
  expect(pick.get()).toBe('c')
  a.set('z')
  pick.get()
  expect(run).toHaveBeenCalledTimes(2)
})

test('G3: graphs are separate, and a writable derived value writes its inputs atomically', () => {
  const one = createGraph()
  const two = createGraph()
  const a = one.input(1)
  two.input(1).set(5)
  expect([one.revision, two.revision]).toEqual([0, 1])
  const b = one.input(10)
  const sum = one.writable(
    () => a.get() + b.get(),
    (value) => {
      a.set(value / 2)
      if (value > 100) throw new Error('too much')
      b.set(value / 2)
    },
  )
  expectTypeOf(sum).toEqualTypeOf<Writable<number>>()
  sum.set(50)
  expect([a.get(), b.get(), sum.get(), one.revision]).toEqual([25, 25, 50, 1])
  expect(() => sum.set(200)).toThrow('too much')
  expect([a.get(), b.get(), sum.get(), one.revision]).toEqual([25, 25, 50, 1])
  sum.set(sum.get())
  expect(one.revision).toBe(1)
})

test('G4: misuse has stable codes', () => {
  const graph = createGraph()
  const a = graph.input(1)
  const d = graph.derived(() => a.get())
  const above = graph.derived(() => d.get() + 1)
  expect(above.get()).toBe(2)
  expect(() => (d as unknown as Input<number>).set(1)).toThrow(code('not_writable'))
  d.dispose()
  expect(() => d.get()).toThrow(code('disposed'))
  expect(() => above.get()).toThrow(code('disposed'))
  a.dispose()
  expect(() => a.set(2)).toThrow(code('disposed'))
  expect(() => a.get()).toThrow(code('disposed'))
  expect(() => check(graph, [{}])).toThrow(code('foreign_node'))
})

test.each([
  ['as its first act', (self: Derived<number>, a: Input<number>) => (self.dispose(), a.get())],
  ['after a read', (self: Derived<number>, a: Input<number>) => (a.get(), self.dispose(), a.get())],
  [
    'and then fails',
    (self: Derived<number>) => {
      self.dispose()
      throw new Error('late')
    },
  ],
])('G4: a derived value that disposes itself %s stays disposed', (_, body) => {
  for (const options of [{}, { cycle: { initial: 0 } }]) {
    const graph = createGraph()
    const a = graph.input(1)
    const doomed = graph.input(false)
    const run = vi.fn((): number => (doomed.get() ? body(self, a) : a.get()))
    const self: Derived<number> = graph.derived(run, options)
    const above = graph.derived(() => self.get() + 1)
    const seen: unknown[] = []
    const stop = graph.effect(() => {
      try {
        seen.push(above.get())
      } catch (error) {
        seen.push((error as TalosError).code)
      }
    })
    doomed.set(true)
    expect(seen).toEqual([2, 'disposed'])
    expect(run).toHaveBeenCalledTimes(2)
    a.set(2)
    expect(self.disposed).toBe(true)
    expect(() => self.get()).toThrow(code('disposed'))
    expect(() => above.get()).toThrow(code('disposed'))
    expect(run).toHaveBeenCalledTimes(2)
    check(graph, [self, above])
    stop.dispose()
  }
})

test('G4: a derived value that disposes itself in its first run, in a deep chain, stays disposed', () => {
  const graph = createGraph()
  const a = graph.input(0)
  let below: Derived<number> = graph.derived(() => a.get())
  for (let i = 0; i < 2000; i++) {
    const next = below
    below = graph.derived(() => next.get() + 1)
  }
  const deep = below
  const run = vi.fn((): number => {
    self.dispose()
    return deep.get()
  })
  const self: Derived<number> = graph.derived(run)
  expect(() => self.get()).toThrow(code('disposed'))
  const runs = run.mock.calls.length
  a.set(1)
  expect(() => self.get()).toThrow(code('disposed'))
  expect(run).toHaveBeenCalledTimes(runs)
})

test('G4: a value that disposes itself while it looks for its fix-point stays disposed', () => {
  const { derived } = createGraph()
  const run = vi.fn((): number => {
    const last = self.get()
    self.dispose()
    return last + 1
  })
  const self: Derived<number> = derived(run, { cycle: { initial: 0 } })
  expect(() => self.get()).toThrow(code('disposed'))
  expect(() => self.get()).toThrow(code('disposed'))
  expect(run).toHaveBeenCalledTimes(1)
})

test('G4: what was disposed in a batch that is rolled back stays disposed', () => {
  const graph = createGraph()
  const a = graph.input(1)
  const d = graph.derived(() => a.get())
  d.get()
  const undone = () => {
    a.dispose()
    d.dispose()
    throw new Error('undone')
  }
  expect(() => graph.batch(undone)).toThrow('undone')
  expect(() => a.get()).toThrow(code('disposed'))
  expect(() => d.get()).toThrow(code('disposed'))
})

test('C2: equal results keep the old object and stop there; a change undone in between counts as none', () => {
  const graph = createGraph()
  const a = graph.input(1)
  const pair = graph.derived(() => ({ odd: a.get() % 2 }), { equals: (x, y) => x.odd === y.odd })
  const run = vi.fn(() => pair.get().odd)
  const above = graph.derived(run)
  above.get()
  const first = pair.get()
  a.set(3)
  above.get()
  expect(pair.get()).toBe(first)
  a.set(4)
  expect(pair.get().odd).toBe(0)
  a.set(5)
  above.get()
  expect(run).toHaveBeenCalledTimes(1)
  const zero = graph.input<number>(0)
  const sign = graph.derived(() => 1 / zero.get())
  expect(sign.get()).toBe(Infinity)
  zero.set(-0)
  expect(sign.get()).toBe(-Infinity)
  zero.set(Number.NaN)
  const { revision } = graph
  zero.set(Number.NaN)
  expect(graph.revision).toBe(revision)
})

test('C3: a guarded dependency never runs needlessly, observed or not', () => {
  for (const observed of [false, true]) {
    const graph = createGraph()
    const n = graph.input(4)
    const ok = graph.derived(() => n.get() !== 0)
    const ratio = vi.fn(() => {
      if (n.get() === 0) throw new Error('division by zero')
      return 100 / n.get()
    })
    const guarded = graph.derived(ratio)
    const result = graph.derived(() => (ok.get() ? guarded.get() : null))
    if (observed) graph.effect(() => void result.get())
    expect(result.get()).toBe(25)
    n.set(0)
    expect(result.get()).toBe(null)
    expect(ratio).toHaveBeenCalledTimes(1)
  }
})

test('C4: setting an equal value, or reading twice, does nothing', () => {
  const graph = createGraph()
  const a = graph.input(1)
  const run = vi.fn(() => a.get())
  const d = graph.derived(run)
  d.get()
  a.set(1)
  d.get()
  d.get()
  expect(run).toHaveBeenCalledTimes(1)
  expect(graph.revision).toBe(0)
})

test('C5: touch makes consumers look at a value mutated in place', () => {
  const graph = createGraph()
  const list = graph.input([1])
  const size = graph.derived(() => list.get().length)
  const seen: number[] = []
  graph.effect(() => void seen.push(size.get()))
  list.peek().push(2)
  expect(size.get()).toBe(1)
  list.touch()
  expect(size.get()).toBe(2)
  expect(seen).toEqual([1, 2])
  expect(graph.revision).toBe(1)
})

test('C6: an identity node in between changes no result and no run count of the others', () => {
  const counts = [false, true].map((insert) => {
    const graph = createGraph()
    const a = graph.input(0)
    const half = graph.derived(() => Math.floor(a.get() / 2))
    const through: Readable<number> = insert ? graph.derived(() => half.get()) : half
    let runs = 0
    const top = graph.derived(() => {
      runs++
      return through.get() * 3
    })
    const results = Array.from({ length: 20 }, (_, i) => {
      a.set(i % 7)
      return top.get()
    })
    return { runs, results }
  })
  expect(counts[0]).toEqual(counts[1])
})

test('P1: a second write before any read marks nothing, and a write without consumers marks nothing', () => {
  const graph = createGraph()
  const a = graph.input(0)
  const mids = Array.from({ length: 10 }, (_, i) => graph.derived(() => a.get() + i))
  const sum = graph.derived(() => mids.reduce((total, mid) => total + mid.get(), 0))
  sum.get()
  a.set(1)
  sum.get()
  const before = graph.counters.marks
  a.set(2)
  const once = graph.counters.marks - before
  expect(once).toBe(11)
  a.set(3)
  expect(graph.counters.marks - before).toBe(once)
  graph.input(0).set(1)
  expect(graph.counters.marks - before).toBe(once)
})

test('P2: an observer sees one revision only, and each node runs once per batch', () => {
  const graph = createGraph()
  const a = graph.input(1)
  const b = graph.input(1)
  const runs = vi.fn()
  const left = graph.derived(() => a.get() + b.get())
  const right = graph.derived(() => a.get() - b.get())
  const both = graph.derived(() => {
    runs()
    return [left.get(), right.get(), a.get(), b.get()]
  })
  const seen: number[][] = []
  graph.effect(() => void seen.push(both.get()))
  graph.batch(() => {
    a.set(5)
    b.set(3)
  })
  expect(seen).toEqual([
    [2, 0, 1, 1],
    [8, 2, 5, 3],
  ])
  expect(runs).toHaveBeenCalledTimes(2)
})

test('P3: a cut-off shields a thousand observed dependents from the write', () => {
  const graph = createGraph()
  const a = graph.input(0)
  const clamp = graph.derived(() => Math.min(a.get(), 10))
  for (let i = 0; i < 1000; i++) {
    const node = graph.derived(() => clamp.get() + i)
    graph.effect(() => void node.get())
  }
  a.set(50)
  const { marks, runs } = graph.counters
  a.set(51)
  expect(graph.counters.marks - marks).toBe(1)
  expect(graph.counters.runs - runs).toBe(1)
})

test('E1 E2: an error is kept with its dependencies and recovers with them', () => {
  const graph = createGraph()
  const a = graph.input(0)
  const run = vi.fn(() => {
    if (a.get() === 0) throw new Error('zero')
    return 1 / a.get()
  })
  const d = graph.derived(run)
  const above = graph.derived(() => d.get() + 1)
  const errors = [0, 1].map(() => {
    try {
      return above.get()
    } catch (error) {
      return error
    }
  })
  expect(errors[0]).toBe(errors[1])
  expect(run).toHaveBeenCalledTimes(1)
  a.set(2)
  expect(above.get()).toBe(1.5)
  a.set(0)
  expect(() => above.get()).toThrow('zero')
  let down = true
  const flaky = graph.derived(() => {
    if (down) throw new Error('down')
    return 1
  })
  expect(() => flaky.get()).toThrow('down')
  down = false
  expect(() => flaky.get()).toThrow('down')
  flaky.refresh()
  expect(flaky.get()).toBe(1)
})

test('E3: hostile functions harm no other node', () => {
  const graph = createGraph()
  const a = graph.input(1, {
    equals: () => {
      throw new Error('equals')
    },
  })
  const good = graph.derived(() => a.get() * 2)
  const bad = graph.derived(() => {
    a.get()
    throw undefined
  })
  const swallow = graph.derived(() => {
    try {
      return bad.get()
    } catch {
      return 'swallowed'
    }
  })
  expect(swallow.get()).toBe('swallowed')
  a.set(2)
  expect(good.get()).toBe(4)
  expect(swallow.get()).toBe('swallowed')
  expect(check(graph, [good, bad, swallow]).problems).toEqual([])
})

test('E4: a stack overflow of the user is thrown but not kept', () => {
  const graph = createGraph()
  let deep = true
  const d = graph.derived(() => {
    const down = (): number => (deep ? down() + 1 : 1)
    return down()
  })
  expect(() => d.get()).toThrow(RangeError)
  deep = false
  expect(d.get()).toBe(1)
  const aborted = graph.derived(() => {
    if (!deep) throw new DOMException('stop', 'AbortError')
    return 2
  })
  expect(() => aborted.get()).toThrow('stop')
  deep = true
  expect(aborted.get()).toBe(2)
})

test('Y1: a cycle is reported with its path and breaks when an edit breaks it', () => {
  const graph = createGraph()
  const on = graph.input(true)
  const a: Readable<number> = graph.derived(() => (on.get() ? b.get() + 1 : 0), { id: 'a' })
  const b: Readable<number> = graph.derived(() => c.get() + 1, { id: 'b' })
  const c: Readable<number> = graph.derived(() => a.get() + 1, { id: 'c' })
  const seen: unknown[] = []
  const failing = () => a.get()
  expect(failing).toThrow(CycleError)
  try {
    b.get()
  } catch (error) {
    expect((error as CycleError).path).toEqual(['b', 'c', 'a', 'b'])
  }
  graph.effect(() => {
    try {
      seen.push(c.get())
    } catch (error) {
      seen.push((error as TalosError).code)
    }
  })
  on.set(false)
  expect([a.get(), b.get(), c.get()]).toEqual([0, 2, 1])
  expect(seen).toEqual(['cycle', 1])
  on.set(true)
  expect(failing).toThrow(CycleError)
})

test('Y1: a cycle longer than the nesting limit is found too', () => {
  const graph = createGraph()
  const size = 3000
  const nodes: Readable<number>[] = []
  for (let i = 0; i < size; i++)
    nodes.push(graph.derived(() => (nodes[(i + 1) % size]?.get() ?? 0) + 1, { id: `c${i}` }))
  try {
    nodes[0]?.get()
    expect.unreachable()
  } catch (error) {
    expect(error).toBeInstanceOf(CycleError)
    const { path } = error as CycleError
    expect(path.at(0)).toBe(path.at(-1))
    expect(new Set(path).size).toBe(size)
  }
})

test('Y2: old edges that close a circle are no cycle', () => {
  const graph = createGraph()
  const flip = graph.input(false)
  const a: Readable<number> = graph.derived(() => (flip.get() ? 1 : b.get() + 1))
  const b: Readable<number> = graph.derived(() => (flip.get() ? a.get() + 1 : 1))
  for (const observed of [false, true]) {
    if (observed) graph.effect(() => void (a.get() + b.get()))
    for (const value of [true, false, true]) {
      flip.set(value)
      expect([b.get(), a.get()]).toEqual(value ? [2, 1] : [1, 2])
    }
  }
})

test('Y3: a fix-point iterates until stable, or gives up', () => {
  const graph = createGraph()
  const limit = graph.input(10)
  const grow: Readable<number> = graph.derived(() => Math.min(limit.get(), step.get() + 1), { cycle: { initial: 0 } })
  const step: Readable<number> = graph.derived(() => grow.get())
  expect(grow.get()).toBe(10)
  expect(step.get()).toBe(10)
  limit.set(20)
  expect(grow.get()).toBe(20)
  const never: Readable<number> = graph.derived(() => never.get() + 1, { cycle: { initial: 0, maxIterations: 50 } })
  expect(() => never.get()).toThrow(code('cycle'))
})

test('D1 D2: deep chains evaluate cold, and a warm one updates, observed or not', () => {
  const graph = createGraph()
  const a = graph.input(1)
  let last: Readable<number> = a
  for (let i = 0; i < 100_000; i++) {
    const below = last
    last = graph.derived(() => below.get() + 1)
  }
  expect(last.get()).toBe(100_001)
  expect(graph.counters.runs).toBe(100_000)
  expect(graph.counters.suspended).toBeGreaterThan(0)
  a.set(2)
  expect(last.get()).toBe(100_002)
  const effect = graph.effect(() => void last.get())
  a.set(3)
  expect(last.get()).toBe(100_003)
  effect.dispose()
})

test('D2: functions that use much stack themselves are restarted before they overflow', () => {
  const graph = createGraph()
  const deep = (n: number, read: () => number): number => (n === 0 ? read() : deep(n - 1, read))
  let last: Readable<number> = graph.input(1)
  for (let i = 0; i < 2000; i++) {
    const below = last
    last = graph.derived(() => deep(60, () => below.get() + 1))
  }
  expect(last.get()).toBe(2001)
  expect(check(graph, [last]).problems).toEqual([])
})

test('D2: user code that swallows everything cannot break a suspended read', () => {
  const graph = createGraph()
  let last: Readable<number> = graph.input(1)
  for (let i = 0; i < 3000; i++) {
    const below = last
    last = graph.derived(() => {
      try {
        return below.get() + 1
      } catch {
        return -1
      }
    })
  }
  expect(last.get()).toBe(3001)
})

test('B1 B2: a batch is one revision and one round; a throw undoes it, nested ones their own part', () => {
  const graph = createGraph()
  const a = graph.input(1)
  const b = graph.input(1)
  const sum = graph.derived(() => a.get() + b.get())
  const seen: number[] = []
  graph.effect(() => void seen.push(sum.get()))
  const result = graph.batch(() => {
    a.set(2)
    expect(sum.get()).toBe(3)
    try {
      graph.batch(() => {
        b.set(50)
        throw new Error('inner')
      })
    } catch {}
    b.set(3)
    return 'done'
  })
  expect(result).toBe('done')
  expect(seen).toEqual([2, 5])
  expect(graph.revision).toBe(1)
  expect(() =>
    graph.batch(() => {
      a.set(9)
      expect(sum.get()).toBe(12)
      throw new Error('outer')
    }),
  ).toThrow('outer')
  expect([a.get(), b.get(), sum.get(), graph.revision]).toEqual([2, 3, 5, 1])
  expect(seen).toEqual([2, 5])
})

test('B3: a write inside a derived value fails and changes nothing', () => {
  const graph = createGraph()
  const a = graph.input(1)
  const bad = graph.derived(() => {
    graph.untracked(() => a.set(2))
    return 1
  })
  expect(() => bad.get()).toThrow(code('write_in_derived'))
  const worse = graph.derived(() => graph.effect(() => {}))
  expect(() => worse.get()).toThrow(code('effect_in_derived'))
  expect([a.get(), graph.revision]).toEqual([1, 0])
})

test('O1 O2 O3: effects run in order, clean up, own what they create, and end with their scope', () => {
  const graph = createGraph()
  const a = graph.input(1)
  const log: string[] = []
  const scope = graph.scope(() => {
    graph.effect(() => {
      const value = a.get()
      log.push(`outer ${value}`)
      graph.effect(() => {
        log.push(`inner ${a.get()}`)
        return () => log.push(`inner end ${value}`)
      })
    })
    graph.effect(() => void log.push(`second ${a.get()}`))
  })
  a.set(2)
  expect(log).toEqual(['outer 1', 'inner 1', 'second 1', 'inner end 1', 'outer 2', 'inner 2', 'second 2'])
  scope.dispose()
  a.set(3)
  expect(log.slice(7)).toEqual(['inner end 2'])
  expect(scope.disposed).toBe(true)
})

test('O4: an effect may write, within reason', () => {
  const graph = createGraph()
  const a = graph.input(0)
  graph.effect(() => {
    if (a.get() < 5) a.set(a.get() + 1)
  })
  expect(a.get()).toBe(5)
  const b = graph.input(0)
  expect(() =>
    graph.effect(() => {
      b.set(b.get() + 1)
    }),
  ).toThrow(code('runaway_effect'))
})

test('O5: a failing effect does not keep others from running', () => {
  const graph = createGraph()
  const a = graph.input(0)
  const seen: number[] = []
  const fail = (name: string) => () => {
    if (a.get() === 1) throw new Error(name)
  }
  graph.effect(fail('first'))
  graph.effect(() => void seen.push(a.get()))
  expect(() => a.set(1)).toThrow('first')
  graph.effect(() => {})
  a.set(0)
  graph.effect(fail('second'))
  expect(() => a.set(1)).toThrow(AggregateError)
  expect(seen).toEqual([0, 1, 0, 1])
})

test('O6: a scheduled effect runs when its scheduler says', () => {
  const graph = createGraph()
  const a = graph.input(0)
  const due: (() => void)[] = []
  const seen: number[] = []
  const effect = graph.effect(() => void seen.push(a.get()), { schedule: (run) => due.push(run) })
  a.set(1)
  a.set(2)
  expect(seen).toEqual([0])
  expect(due).toHaveLength(1)
  due.pop()?.()
  expect(seen).toEqual([0, 2])
  a.set(3)
  effect.dispose()
  due.pop()?.()
  expect(seen).toEqual([0, 2])
})

test('L1: dropped derived values are collected although their input lives, with past observers too', async () => {
  const graph = createGraph()
  const a = graph.input(1)
  const references = Array.from({ length: 100 }, () => {
    const node = graph.derived(() => a.get() + 1)
    node.get()
    graph.effect(() => void node.get()).dispose()
    return new WeakRef(node)
  })
  await collect()
  expect(references.filter((reference) => reference.deref() !== undefined).length).toBeLessThan(5)
  a.set(2)
})

test('L2: back edges equal live edges after every operation', () => {
  const graph = createGraph()
  const flag = graph.input(true)
  const inputs = Array.from({ length: 5 }, (_, i) => graph.input(i))
  const pick = graph.derived(() => inputs.reduce((sum, node, i) => (flag.get() || i < 2 ? sum + node.get() : sum), 0))
  const effect = graph.effect(() => void pick.get())
  expect(check(graph, [effect])).toMatchObject({ edges: 7, backEdges: 7, problems: [] })
  flag.set(false)
  expect(check(graph, [effect])).toMatchObject({ edges: 4, backEdges: 4, problems: [] })
  effect.dispose()
  expect(check(graph, [pick])).toMatchObject({ backEdges: 0, problems: [] })
})

test('L3: what is read again and again is kept linked, and let go when it no longer is', async () => {
  const graph = createGraph()
  const a = graph.input(1)
  const references = Array.from({ length: 300 }, () => {
    const node = graph.derived(() => a.get() + 1)
    node.get()
    return node
  })
  a.set(2)
  for (const node of references) node.get()
  expect(graph.state.keeper.size).toBeGreaterThan(0)
  const weak = references.map((node) => new WeakRef(node))
  references.length = 0
  for (let i = 0; i < 6; i++) await collect()
  expect(weak.filter((reference) => reference.deref() !== undefined).length).toBeLessThan(10)
  expect(check(graph, [a]).problems).toEqual([])
})

test('M1: argument lists share an entry exactly when they agree element by element', () => {
  const graph = createGraph()
  const run = vi.fn((...args: unknown[]) => args.length)
  const memo = graph.memo(run)
  const object = {}
  const symbol = Symbol('s')
  const lists: unknown[][] = [
    [],
    [undefined],
    [undefined, undefined],
    [null],
    [0],
    [1],
    [true],
    ['1'],
    ['1', '2'],
    ['1|2'],
    ['1,2'],
    [[1]],
    [[1]],
    [object],
    [{}],
    [symbol],
    [Symbol('s')],
    [Number.NaN],
    [1n],
    ['__proto__'],
    ['constructor'],
    [object, 1],
    [1, object],
    Array.from({ length: 200 }, (_, i) => i),
  ]
  for (const list of lists) memo(...list)
  expect(run).toHaveBeenCalledTimes(lists.length)
  for (const list of lists) memo(...list)
  memo(-0)
  expect(run).toHaveBeenCalledTimes(lists.length)
  const unary = graph.memo((n: number) => n * 2)
  expect([unary(2), unary(2), unary.size]).toEqual([4, 4, 1])
})

test('M2: entries go with their object arguments, or when deleted', async () => {
  const graph = createGraph()
  const run = vi.fn((o: object, n: number) => [o, n].length)
  const memo = graph.memo(run)
  memo({}, 1)
  const key = {}
  memo(key, 1)
  expect(memo.delete(key, 1)).toBe(true)
  expect(memo.delete(key, 1)).toBe(false)
  expect(memo.delete({}, 5)).toBe(false)
  memo(key, 1)
  expect(run).toHaveBeenCalledTimes(3)
  const weak = new WeakRef(memo.node({}, 2))
  memo({}, 3)
  await collect()
  expect(weak.deref()).toBeUndefined()
})

test('M3: a key function decides instead of the arguments', () => {
  const graph = createGraph()
  const memo = graph.memo((o: { id: number; noise: number }) => o.id * 10, { key: (o) => o.id })
  expect(memo({ id: 1, noise: 1 })).toBe(10)
  expect(memo.node({ id: 1, noise: 2 })).toBe(memo.node({ id: 1, noise: 3 }))
  expect(memo.size).toBe(1)
})

test('M4: limits drop the least recently used, never an observed entry', () => {
  const graph = createGraph()
  const clock = graph.input(0)
  const run = vi.fn((n: number) => n)
  const memo = graph.memo((n: number) => run(n), { maxEntries: 2 })
  const effect = graph.effect(() => void memo(1))
  memo(2)
  memo(3)
  memo(4)
  expect(memo.size).toBeLessThanOrEqual(2)
  memo(1)
  expect(run.mock.calls.filter(([n]) => n === 1)).toHaveLength(1)
  effect.dispose()
  const heavy = graph.memo((n: number) => 'x'.repeat(n), { maxWeight: 10, weigh: (text) => text.length })
  heavy(6)
  heavy(3)
  heavy(7)
  expect(heavy.size).toBe(2)
  const idle = graph.memo((n: number) => n, { maxIdleMs: 100, clock })
  idle(1)
  clock.set(50)
  idle(2)
  clock.set(120)
  idle(2)
  expect(idle.size).toBe(1)
})

/** Let finalisers run and collect what they freed. */
async function collect(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
