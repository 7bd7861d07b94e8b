/** Single figures of Talos, each in the process it is asked for: `node figures.mjs <figure>` prints one JSON object. */
import { fork as forkProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createGraph, fork } from '../../packages/talos/dist/index.js'
import { fileStore, load, save } from '../../packages/talos/dist/persist.js'

const figures = { cutoff, reads, bytes, chain, forks, restart, share, leak }

function cpuMs(action) {
  const before = process.cpuUsage()
  action()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/** Fastest of several repetitions of `count` operations, in nanoseconds each. */
function nanoseconds(count, action, repetitions = 12) {
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < repetitions; i++) best = Math.min(best, (cpuMs(() => action(count)) * 1e6) / count)
  return best
}

function cutoff() {
  const graph = createGraph()
  const head = graph.input(100)
  const clamp = graph.derived(() => Math.min(head.get(), 10))
  for (let i = 0; i < 1000; i++) {
    const node = graph.derived(() => clamp.get() + i)
    graph.effect(() => {
      node.get()
    })
  }
  let value = 100
  const ns = nanoseconds(200_000, (n) => {
    for (let i = 0; i < n; i++) head.set(++value)
  })
  return { 'cutoff1000.us': ns / 1000 }
}

function reads() {
  const graph = createGraph()
  const head = graph.input(1)
  const observed = graph.derived(() => head.get() + 1)
  graph.effect(() => {
    observed.get()
  })
  const unobserved = graph.derived(() => head.get() + 2)
  const memo = graph.memo((n) => head.get() + n)
  const loop = (read) => (n) => {
    let sum = 0
    for (let i = 0; i < n; i++) sum += read(i)
    if (sum < 0) throw new Error('impossible')
  }
  for (let i = 0; i < 64; i++) memo(i)
  const count = 5_000_000
  return {
    'read.observedNs': nanoseconds(
      count,
      loop(() => observed.get()),
    ),
    'read.unobservedNs': nanoseconds(
      count,
      loop(() => unobserved.get()),
    ),
    'memo1.ns': nanoseconds(
      count,
      loop((i) => memo(i & 63)),
    ),
  }
}

function heap() {
  for (let i = 0; i < 4; i++) globalThis.gc()
  return process.memoryUsage().heapUsed
}

/** One million derived values: with one dependency each, then with four; the user's closures counted apart. */
function bytes() {
  const size = 1_000_000
  const measure = (edges, make) => {
    const graph = createGraph()
    const inputs = Array.from({ length: 1000 }, (_, i) => graph.input(i))
    const nodes = Array.from({ length: size })
    const before = heap()
    for (let i = 0; i < size; i++) nodes[i] = make(graph, inputs, i, edges)
    if (nodes[0].get) for (const node of nodes) node.get()
    const each = (heap() - before) / size
    if (nodes.length !== size) throw new Error('kept alive')
    return each
  }
  const closure = (inputs, i, edges) => {
    const first = inputs[i % 1000]
    if (edges === 1) return () => first.get()
    return () => {
      let sum = first.get()
      for (let k = 1; k < edges; k++) sum += inputs[(i + k) % 1000].get()
      return sum
    }
  }
  const one = measure(1, (graph, inputs, i) => graph.derived(closure(inputs, i, 1)))
  const four = measure(4, (graph, inputs, i) => graph.derived(closure(inputs, i, 4)))
  const eight = measure(8, (graph, inputs, i) => graph.derived(closure(inputs, i, 8)))
  const bare = measure(0, (graph, inputs, i) => graph.derived(() => i))
  const closures = measure(1, (_graph, _inputs, i) => () => i)
  return {
    'bytes.perDerived': bare,
    'bytes.perDerivedOwn': bare - closures,
    'bytes.perDerivedAndOneEdge': one,
    'bytes.perEdge': (eight - four) / 4,
  }
}

function chain() {
  const build = (size) => {
    const graph = createGraph()
    const head = graph.input(1)
    let last = head
    for (let i = 0; i < size; i++) {
      const below = last
      last = graph.derived(() => below.get() + 1)
    }
    return { graph, head, last, size }
  }
  const cold = build(100_000)
  if (cold.last.get() !== 100_001) throw new Error('wrong cold result')
  const { suspended } = cold.graph.counters
  const warm = build(1_000_000)
  if (warm.last.get() !== 1_000_001) throw new Error('wrong cold result')
  warm.head.set(2)
  if (warm.last.get() !== 1_000_002) throw new Error('wrong warm result')
  warm.graph.effect(() => {
    warm.last.get()
  })
  warm.head.set(3)
  if (warm.last.get() !== 1_000_003) throw new Error('wrong observed result')
  return { 'chain.coldMax': 1_000_000, 'chain.warmMax': 1_000_000, 'chain.coldRestartedRuns': suspended / 100_000 }
}

function forks() {
  const graph = createGraph()
  const head = graph.input(1)
  let last = head
  for (let i = 0; i < 1_000_000; i++) {
    const below = i % 100 === 0 ? head : last
    last = graph.derived(() => below.get() + 1)
  }
  last.get()
  const ns = nanoseconds(100_000, (n) => {
    for (let i = 0; i < n; i++) fork(graph)
  })
  const view = fork(graph)
  view.set(head, 5)
  view.get(last)
  const before = graph.counters.runs
  view.commit()
  last.get()
  return { 'fork.us': ns / 1000, 'fork.commitRuns': graph.counters.runs - before }
}

async function restart() {
  const directory = mkdtempSync(join(tmpdir(), 'talos-bench-'))
  try {
    const build = () => {
      const graph = createGraph()
      const inputs = Array.from({ length: 1000 }, (_, i) => graph.input(0, { id: `in${i}`, persist: true }))
      const nodes = []
      for (let i = 0; i < 100_000; i++) {
        const a = inputs[i % 1000]
        const b = i < 1000 ? inputs[(i * 7) % 1000] : nodes[i - 1000]
        nodes.push(graph.derived(() => (a.get() + b.get()) % 1_000_003, { id: `n${i}`, persist: true }))
      }
      return { graph, inputs, nodes }
    }
    const first = build()
    for (const [i, input] of first.inputs.entries()) input.set(i + 1)
    const values = first.nodes.map((node) => node.get())
    await save(first.graph, fileStore(directory), 'bench', { secret: 'key' })
    const second = build()
    const before = process.cpuUsage()
    const started = performance.now()
    const report = await load(second.graph, fileStore(directory), 'bench', { secret: 'key' })
    if (report.problem) throw report.problem
    const served = second.nodes.map((node) => node.get())
    const wallMs = performance.now() - started
    const { user, system } = process.cpuUsage(before)
    if (served.some((value, i) => value !== values[i])) throw new Error('wrong value served')
    return {
      'restart.ms': (user + system) / 1000,
      'restart.wallMs': wallMs,
      'restart.recomputes': second.graph.counters.runs,
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** 16 processes, 1,000 equal keys; then again while some are killed and others stopped. */
async function share() {
  const run = async (keys, disturb) => {
    const directory = mkdtempSync(join(tmpdir(), 'talos-bench-'))
    try {
      const published = new Map()
      let wrong = 0
      const start = (id) =>
        new Promise((resolve) => {
          const path = fileURLToPath(new URL('./sharer.mjs', import.meta.url))
          const child = forkProcess(path, [directory, String(keys), String(id)], {
            stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
          })
          child.on('message', ({ publications, bad }) => {
            for (const key of publications) published.set(key, (published.get(key) ?? 0) + 1)
            wrong += bad
          })
          child.on('exit', resolve)
          disturb?.(child, id)
        })
      await Promise.all(Array.from({ length: 16 }, (_, id) => start(id)))
      const store = fileStore(directory)
      let stored = 0
      for await (const key of store.list('result/')) if (key) stored++
      const twice = [...published.values()].filter((count) => count > 1).length
      return { stored, twice, wrong }
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  }
  const calm = await run(1000)
  const rough = await run(1000, (child, id) => {
    // Two thirds are hurt: half of those killed for good, half stopped beyond their lease and woken.
    if (id % 3 === 0) setTimeout(() => child.kill('SIGKILL'), 1500 + id * 150)
    if (id % 3 === 1) {
      setTimeout(() => child.kill('SIGSTOP'), 1500 + id * 150)
      setTimeout(() => child.kill('SIGCONT'), 4500 + id * 150)
    }
  })
  return {
    'share.publications': calm.stored,
    'share.publicationsUnderKill': rough.stored,
    'share.publishedTwice': calm.twice + rough.twice,
    'share.wrongValues': calm.wrong + rough.wrong,
  }
}

async function leak() {
  const graph = createGraph()
  const head = graph.input(1)
  const drop = (rounds) => {
    const nodes = Array.from({ length: 20_000 }, (_, i) => graph.derived(() => head.get() + i))
    for (let r = 0; r < rounds; r++) {
      for (const node of nodes) node.get()
      if (r + 1 < rounds) head.set(head.peek() + 1)
    }
  }
  const settled = async () => {
    for (let i = 0; i < 5; i++) {
      heap()
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    return heap()
  }
  drop(1)
  const before = await settled()
  drop(1)
  const once = await settled()
  drop(3)
  const repeatedly = await settled()
  return { 'leak.bytes': Math.max(0, once - before), 'leak.bytesAfterRereads': Math.max(0, repeatedly - before) }
}

console.log(JSON.stringify(await figures[process.argv[2]]()))
