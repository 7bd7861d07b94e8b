import { expect, test } from 'vitest'
import { check, picture, plan, profile, toDot, toHtml, toMermaid } from '../src/explain.ts'
import { collection, createClock, createGraph, fork, snapshot } from '../src/index.ts'

test('K2: iteration is in ascending key order, numbers first', () => {
  const source = collection<string | number, number>(createGraph(), [
    ['b', 1],
    [10, 2],
    ['a', 3],
    [9, 4],
    ['B', 5],
  ])
  expect([...source.get().keys()]).toEqual([9, 10, 'B', 'a', 'b'])
})

test('W4: reading again in a fork runs nothing, and results not above a pin are shared', () => {
  const graph = createGraph()
  const a = graph.input(1)
  const b = graph.input(1)
  let runs = 0
  const left = graph.derived(() => (runs++, a.get() * 2))
  const right = graph.derived(() => (runs++, b.get() * 3))
  const sum = graph.derived(() => (runs++, left.get() + right.get()))
  expect(sum.get()).toBe(5)
  const view = fork(graph)
  expect(view.get(sum)).toBe(5)
  expect(runs).toBe(3)
  view.set(a, 5)
  expect(view.get(sum)).toBe(13)
  expect(runs).toBe(5)
  expect(view.get(sum)).toBe(13)
  view.set(a, 5)
  expect(view.get(sum)).toBe(13)
  expect(runs).toBe(5)
  expect(view.diff([sum, right]).map(({ before, after }) => [before, after])).toEqual([
    [1, 5],
    [5, 13],
  ])
  view.commit()
  expect(sum.get()).toBe(13)
  expect(runs).toBe(5)
  expect(graph.revision).toBe(1)
  expect(() => view.get(sum)).toThrow(expect.objectContaining({ code: 'disposed' }))
})

test('W3: a snapshot keeps showing the graph as it was', () => {
  const graph = createGraph()
  const a = graph.input(1)
  const double = graph.derived(() => a.get() * 2)
  using before = snapshot(graph)
  a.set(5)
  expect([before.get(a), before.get(double), double.get()]).toEqual([1, 2, 10])
  expect(() => before.run(() => a.set(7))).toThrow(expect.objectContaining({ code: 'read_only' }))
  expect(() => before.run(() => a.touch())).toThrow(expect.objectContaining({ code: 'read_only' }))
  expect(() => fork(graph).run(() => double.refresh())).toThrow(expect.objectContaining({ code: 'read_only' }))
  expect(() => before.run(() => graph.effect(() => {}))).toThrow(expect.objectContaining({ code: 'read_only' }))
  expect(() => fork(createGraph()).pin(a, 1)).toThrow(expect.objectContaining({ code: 'foreign_node' }))
})

test('T1: a value expires on the injected clock, and its dependents run only if it differs', () => {
  const graph = createGraph()
  let nowMs = 0
  const clock = createClock(graph, () => nowMs)
  const fetched = graph.input('v1')
  let fetches = 0
  let shown = 0
  const cached = graph.derived(() => {
    fetches++
    clock.expireAfter(1000)
    return fetched.peek()
  })
  const page = graph.derived(() => {
    shown++
    return `<${cached.get()}>`
  })
  const at = (ms: number) => {
    nowMs = ms
    clock.advance()
    return page.get()
  }
  expect([at(0), at(500), at(999)]).toEqual(['<v1>', '<v1>', '<v1>'])
  expect(fetches).toBe(1)
  expect(at(1000)).toBe('<v1>')
  expect([fetches, shown]).toEqual([2, 1])
  fetched.set('v2')
  expect(at(1999)).toBe('<v1>')
  expect(at(2500)).toBe('<v2>')
  expect([fetches, shown]).toEqual([3, 2])
  clock.advance(100)
  expect(clock.now.get()).toBe(2500)
  clock.every(1000)
  clock[Symbol.dispose]()
})

test('I1 I2: a profile tells why a node ran, what it cost, and what the longest chain is', () => {
  const graph = createGraph()
  let nowMs = 0
  const a = graph.input(1, { id: 'a' })
  const b = graph.input(1, { id: 'b' })
  const slow = graph.derived(() => ((nowMs += 10), a.get()), { id: 'slow' })
  const fast = graph.derived(() => ((nowMs += 1), b.get() % 2), { id: 'fast' })
  const top = graph.derived(() => ((nowMs += 2), slow.get() + fast.get()), { id: 'top' })
  using watching = profile(graph, () => nowMs)
  top.get()
  top.get()
  expect(watching.why(top)).toEqual({ reason: 'first', dependency: undefined, revision: 0 })
  b.set(3)
  top.get()
  expect(watching.why(fast)).toEqual({ reason: 'changed', dependency: 'b', revision: 1 })
  expect(watching.why(top)?.reason).toBe('first')
  b.set(2)
  a.set(2)
  top.get()
  expect(watching.why(top)).toEqual({ reason: 'changed', dependency: 'slow', revision: 3 })
  top.refresh()
  top.get()
  expect(watching.why(top)?.reason).toBe('forced')
  const row = (label: string) => watching.rows().find((entry) => entry.label === label)
  expect(row('slow')).toMatchObject({ runs: 2, selfMs: 20, totalMs: 20 })
  expect(row('top')).toMatchObject({ runs: 3, selfMs: 6, cutoffs: 2 })
  expect(row('fast')?.cutoffs).toBe(1)
  expect(row('top')?.hits).toBeGreaterThan(0)
  expect(plan([top], watching)).toMatchObject({
    levels: [['slow', 'fast'], ['top']],
    criticalPath: ['slow', 'top'],
    criticalMs: 26,
    totalMs: 29,
  })
  expect(() => profile(graph, () => 0)).toThrow(expect.objectContaining({ code: 'reserved' }))
  watching.detach()
  expect(check(graph, [top]).problems).toEqual([])
})

test('I3 X2: pictures escape everything, load nothing, and never show a secret', () => {
  const graph = createGraph()
  const evil = '</script><script>alert(1)</script>"\n'
  const token = graph.input('hunter2', { id: evil, secret: true })
  const derived = graph.derived(() => `x${token.get()}`, { id: 'derived' })
  const size = graph.derived(() => derived.get().length, { id: 'size', declassify: 'only its length' })
  const failed = graph.derived(() => {
    throw new Error('<b>')
  })
  size.get()
  expect(() => failed.get()).toThrow()
  graph.derived(() => 1)
  const data = picture([size, failed])
  expect(data.nodes.map(({ value }) => value)).toEqual(['(secret)', '(secret)', '8', 'Error: <b>'])
  expect(data.nodes.map(({ height }) => height)).toEqual([0, 1, 2, 0])
  expect(data.edges).toEqual([
    [0, 1],
    [1, 2],
  ])
  const html = toHtml(data)
  expect(html).not.toContain('hunter2')
  expect(html).not.toContain('<script')
  expect(html).not.toMatch(/(src|href)=/)
  expect(html).toContain("default-src 'none'")
  expect(toDot(data)).toContain('\\"\\n')
  expect(toMermaid(data)).not.toContain('<')
})
