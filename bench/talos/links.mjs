/**
 * How to represent edges: the measurement behind packages/talos/docs/adr-0001-links.md.
 *
 * 200,000 consumers with four random dependencies each among 200,000 nodes, as link objects, as arrays
 * with slots, and as typed arrays; one process each. Prints one JSON line per representation.
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const SIZE = 200_000
const DEGREE = 4

const representations = {
  linkObjects() {
    const nodes = Array.from({ length: SIZE }, () => ({ flags: 0, subs: null, last: null, edges: null }))
    const attach = (dep, sub, lastEdge) => {
      const link = { dep, sub, prev: dep.last, next: null, nextEdge: null }
      if (dep.last === null) dep.subs = link
      else dep.last.next = link
      dep.last = link
      if (lastEdge === null) sub.edges = link
      else lastEdge.nextEdge = link
      return link
    }
    return {
      add(sub, deps) {
        let last = null
        for (const dep of deps) last = attach(nodes[dep], nodes[sub], last)
      },
      remove(sub) {
        for (let link = nodes[sub].edges; link !== null; link = link.nextEdge) {
          if (link.prev === null) link.dep.subs = link.next
          else link.prev.next = link.next
          if (link.next === null) link.dep.last = link.prev
          else link.next.prev = link.prev
        }
        nodes[sub].edges = null
      },
      mark(round) {
        for (const node of nodes) for (let link = node.subs; link !== null; link = link.next) link.sub.flags = round
      },
    }
  },
  arraysWithSlots() {
    const nodes = Array.from({ length: SIZE }, () => ({ flags: 0, subs: [], positions: [], deps: [], slots: [] }))
    return {
      add(sub, deps) {
        const node = nodes[sub]
        for (const at of deps) {
          const dep = nodes[at]
          node.slots.push(dep.subs.length)
          dep.positions.push(node.deps.length)
          node.deps.push(dep)
          dep.subs.push(node)
        }
      },
      remove(sub) {
        const node = nodes[sub]
        for (let i = node.deps.length - 1; i >= 0; i--) {
          const dep = node.deps.pop()
          const slot = node.slots.pop()
          const lastSub = dep.subs.pop()
          const lastPosition = dep.positions.pop()
          if (slot < dep.subs.length) {
            dep.subs[slot] = lastSub
            dep.positions[slot] = lastPosition
            lastSub.slots[lastPosition] = slot
          }
        }
      },
      mark(round) {
        for (const { subs } of nodes) for (let i = 0; i < subs.length; i++) subs[i].flags = round
      },
    }
  },
  typedArrays() {
    const flags = new Int32Array(SIZE)
    const head = new Int32Array(SIZE).fill(-1)
    const edges = new Int32Array(SIZE).fill(-1)
    const pool = new Int32Array(SIZE * DEGREE * 5)
    let free = 0
    const freed = []
    return {
      add(sub, deps) {
        for (const dep of deps) {
          const link = freed.length > 0 ? freed.pop() : 5 * free++
          pool[link] = sub
          pool[link + 1] = dep
          pool[link + 2] = -1
          pool[link + 3] = head[dep]
          pool[link + 4] = edges[sub]
          if (head[dep] >= 0) pool[head[dep] + 2] = link
          head[dep] = link
          edges[sub] = link
        }
      },
      remove(sub) {
        for (let link = edges[sub]; link >= 0; link = pool[link + 4]) {
          const prev = pool[link + 2]
          const next = pool[link + 3]
          if (prev >= 0) pool[prev + 3] = next
          else head[pool[link + 1]] = next
          if (next >= 0) pool[next + 2] = prev
          freed.push(link)
        }
        edges[sub] = -1
      },
      mark(round) {
        for (let node = 0; node < SIZE; node++)
          for (let link = head[node]; link >= 0; link = pool[link + 3]) flags[pool[link]] = round
      },
    }
  },
}

if (process.argv[2] === undefined) {
  for (const name of Object.keys(representations))
    process.stdout.write(execFileSync('node', ['--expose-gc', fileURLToPath(import.meta.url), name]))
} else measure(process.argv[2])

function measure(name) {
  let seed = 1
  const random = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return seed % SIZE
  }
  const plan = Array.from({ length: SIZE }, () => Array.from({ length: DEGREE }, random))
  const memory = () => {
    for (let i = 0; i < 3; i++) globalThis.gc()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  const cpu = (action) => {
    const before = process.cpuUsage()
    action()
    const { user, system } = process.cpuUsage(before)
    return ((user + system) * 1000) / (SIZE * DEGREE)
  }
  const start = memory()
  const graph = representations[name]()
  const create = cpu(() => plan.forEach((deps, sub) => graph.add(sub, deps)))
  const bytes = (memory() - start) / (SIZE * DEGREE)
  graph.mark(1)
  let mark = Number.POSITIVE_INFINITY
  for (let round = 2; round < 8; round++)
    mark = Math.min(
      mark,
      cpu(() => graph.mark(round)),
    )
  const churn = cpu(() => {
    for (let sub = 0; sub < SIZE; sub++) {
      graph.remove(sub)
      graph.add(sub, plan[sub])
    }
  })
  const round = (value) => Math.round(value * 10) / 10
  console.log(
    JSON.stringify({
      name,
      bytesPerEdgeWithNodes: round(bytes),
      createNs: round(create),
      markNs: round(mark),
      churnNs: round(churn),
    }),
  )
}
