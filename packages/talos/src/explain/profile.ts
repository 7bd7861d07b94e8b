/**
 * Watching a graph work: why each node ran, how often, and how long it took itself.
 *
 * Attaching sends every read through the slow path so that hits can be counted; detaching restores it.
 * What is not attached costs nothing.
 */
import { nodeOf } from '../create.ts'
import { TalosError } from '../errors.ts'
import type { Graph } from '../graph.ts'
import { FORCE, hasMoved, labelOf, type Node, stampOf } from '../node.ts'
import type { Tracer } from '../state.ts'

export interface Why {
  /** `first`: it had never run. `changed`: `dependency` differed. `forced`: refreshed, or not cached. */
  readonly reason: 'first' | 'changed' | 'forced'
  /** The dependency that really differed, by label. */
  readonly dependency: string | undefined
  /** Revision of the graph when it ran. */
  readonly revision: number
}

export interface ProfileRow {
  readonly label: string
  readonly runs: number
  readonly hits: number
  /** Runs that gave an equal value. */
  readonly cutoffs: number
  /** Time in the node's own function, without what it called. */
  readonly selfMs: number
  readonly totalMs: number
}

export interface Profile extends Disposable {
  /** Why a node last ran; undefined if it did not run while attached. */
  why(node: object): Why | undefined
  /** One row per node that was read, slowest first. */
  rows(): ProfileRow[]
  /** Self time of a node so far. */
  selfMs(node: object): number
  detach(): void
}

/** @param now a monotonic clock in milliseconds, for example `() => performance.now()` */
export function profile(graph: Graph, now: () => number): Profile {
  const { state } = graph
  if (state.tracer !== null) throw new TalosError('reserved', 'A profile is already attached to this graph.')
  const recorder = new Recorder(graph, now)
  state.tracer = recorder
  state.retune()
  const detach = () => {
    if (state.tracer === recorder) state.tracer = null
    state.retune()
  }
  return {
    why: (node) => recorder.record(nodeOf(node))?.why,
    rows: () => recorder.rows(),
    selfMs: (node) => recorder.record(nodeOf(node))?.selfMs ?? 0,
    detach,
    [Symbol.dispose]: detach,
  }
}

interface Entry {
  label: string
  why: Why | undefined
  runs: number
  hits: number
  cutoffs: number
  selfMs: number
  totalMs: number
}

interface Open {
  readonly node: Node
  readonly startedMs: number
  readonly changedAt: number
  innerMs: number
}

class Recorder implements Tracer {
  readonly #entries = new Map<Node, Entry>()
  readonly #open: Open[] = []
  readonly #graph: Graph
  readonly #now: () => number

  constructor(graph: Graph, now: () => number) {
    this.#graph = graph
    this.#now = now
  }

  record(node: Node): Entry | undefined {
    return this.#entries.get(node)
  }

  rows(): ProfileRow[] {
    return [...this.#entries.values()].map(({ why: _why, ...row }) => row).sort((a, b) => b.selfMs - a.selfMs)
  }

  started(node: Node): void {
    this.#entry(node).why = this.#reason(node)
    this.#open.push({ node, startedMs: this.#now(), changedAt: node.changedAt, innerMs: 0 })
  }

  ended(node: Node): void {
    // Runs cut short by a suspension or a throw out of the engine never end: drop them.
    let open = this.#open.pop()
    while (open !== undefined && open.node !== node) open = this.#open.pop()
    if (open === undefined) return
    const totalMs = this.#now() - open.startedMs
    const entry = this.#entry(node)
    entry.runs++
    if (node.changedAt === open.changedAt) entry.cutoffs++
    entry.totalMs += totalMs
    entry.selfMs += totalMs - open.innerMs
    const outer = this.#open.at(-1)
    if (outer !== undefined) outer.innerMs += totalMs
  }

  hit(node: Node): void {
    this.#entry(node).hits++
  }

  #reason(node: Node): Why {
    const { revision } = this.#graph
    if (node.changedAt === 0) return { reason: 'first', dependency: undefined, revision }
    const stamp = stampOf(node)
    for (let at = 0; at < node.trace.length; at += 2) {
      const dependency = node.trace[at] as Node
      if ((dependency.flags & FORCE) !== 0 || hasMoved(dependency, node.trace[at + 1], stamp))
        return { reason: 'changed', dependency: labelOf(dependency), revision }
    }
    return { reason: 'forced', dependency: undefined, revision }
  }

  #entry(node: Node): Entry {
    let entry = this.#entries.get(node)
    if (entry === undefined) {
      entry = { label: labelOf(node), why: undefined, runs: 0, hits: 0, cutoffs: 0, selfMs: 0, totalMs: 0 }
      this.#entries.set(node, entry)
    }
    return entry
  }
}
