/**
 * What-if: an overlay over a graph that can be read, changed, nested, thrown away or made real.
 *
 * Creating one costs the same for any size of graph. Code run inside sees overlaid values everywhere,
 * through the same handles; it must be synchronous, and creates no effects.
 */
import { nodeOf } from '../create.ts'
import { TalosError } from '../errors.ts'
import type { Graph } from '../graph.ts'
import type { Readable } from '../handles.ts'
import { labelOf, type Node } from '../node.ts'
import type { State } from '../state.ts'
import { batch } from '../write.ts'
import { commitOverlay } from './commit.ts'
import { Overlay } from './view.ts'

/** A value that differs between a fork and its parent. */
export interface Change {
  readonly node: Readable<unknown>
  readonly id: string | undefined
  readonly before: unknown
  readonly after: unknown
}

export interface ForkView extends Disposable {
  /** Run synchronous code in which every read and set concerns this view. */
  run<R>(fn: () => R): R
  get<T>(node: Readable<T>): T
  dispose(): void
}

export interface Snapshot extends ForkView {
  /** Revision this view shows. */
  readonly revision: number
}

export interface Fork extends ForkView {
  /** Set an input, or a writable derived, in this view only. */
  set<T>(node: Readable<T> & { set(value: T): void }, value: T): void
  /** Fix the value of any node in this view. */
  pin<T>(node: Readable<T>, value: T): void
  /** Show the parent's value of a node again. */
  unpin(node: Readable<unknown>): void
  /** Fork this fork. */
  fork(): Fork
  /** Nodes whose value differs from the parent's: those pinned, and of `also` those that differ. */
  diff(also?: Iterable<Readable<unknown>>): Change[]
  /** Apply to the parent everything set or pinned here, handing over results that still hold. */
  commit(): void
}

/** Open a what-if view of a graph. */
export function fork(graph: Graph): Fork {
  return new OpenFork(graph.state, null)
}

/** Open a view that keeps showing the graph as it is now. Dispose it: it costs every later write. */
export function snapshot(graph: Graph): Snapshot {
  const { state } = graph
  if (state.batchDepth > 0) throw new TalosError('invalid_argument', 'A snapshot cannot start inside a batch.')
  return new OpenSnapshot(state)
}

class OpenView implements ForkView {
  protected readonly state: State
  protected readonly overlay: Overlay
  #open = true

  constructor(state: State, parent: Overlay | null, frozen: boolean) {
    this.state = state
    this.overlay = new Overlay(state, parent, frozen)
  }

  run<R>(fn: () => R): R {
    this.guard()
    const { state } = this
    const { view, consumer, owner, baseDepth } = state
    state.view = this.overlay
    state.consumer = null
    state.baseDepth = state.depth
    state.retune()
    try {
      return fn()
    } finally {
      state.view = view
      state.consumer = consumer
      state.owner = owner
      state.baseDepth = baseDepth
      state.retune()
    }
  }

  get<T>(node: Readable<T>): T {
    return this.run(() => node.get())
  }

  dispose(): void {
    this.#open = false
    this.overlay.pins.clear()
    this.overlay.shadows.clear()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  protected guard(): void {
    if (!this.#open) throw new TalosError('disposed', 'This view was disposed or committed.')
  }

  protected own(handle: Readable<unknown>): Node {
    this.guard()
    const node = nodeOf(handle)
    if (node.state === this.state) return node
    throw new TalosError('foreign_node', `${labelOf(node)} belongs to another graph.`)
  }
}

class OpenFork extends OpenView implements Fork {
  constructor(state: State, parent: Overlay | null) {
    super(state, parent, false)
  }

  set<T>(node: Readable<T> & { set(value: T): void }, value: T): void {
    this.own(node)
    this.run(() => node.set(value))
  }

  pin<T>(node: Readable<T>, value: T): void {
    this.overlay.pin(this.own(node), value)
  }

  unpin(node: Readable<unknown>): void {
    this.overlay.unpin(this.own(node))
  }

  fork(): Fork {
    this.guard()
    return new OpenFork(this.state, this.overlay)
  }

  diff(also: Iterable<Readable<unknown>> = []): Change[] {
    this.guard()
    const nodes = new Set<Node>([...this.overlay.pins.keys(), ...[...also].map((node) => this.own(node))])
    const changes: Change[] = []
    for (const node of nodes) {
      const before = this.#inParent(node)
      const after = this.run(() => node.get())
      if (!Object.is(before, after)) changes.push({ node: node as Readable<unknown>, id: node.id, before, after })
    }
    return changes
  }

  commit(): void {
    this.guard()
    const { state } = this
    const { view } = state
    state.view = this.overlay.parent
    state.retune()
    try {
      batch(state, () => commitOverlay(this.overlay))
    } finally {
      state.view = view
      state.retune()
    }
    this.dispose()
  }

  #inParent(node: Node): unknown {
    const { state } = this
    const { view, consumer } = state
    state.view = this.overlay.parent
    state.consumer = null
    state.retune()
    try {
      return node.get()
    } finally {
      state.view = view
      state.consumer = consumer
      state.retune()
    }
  }
}

class OpenSnapshot extends OpenView implements Snapshot {
  readonly revision: number

  constructor(state: State) {
    super(state, null, true)
    this.revision = state.revision
    state.snapshots.add(this)
  }

  /** A base value is about to change: keep showing the old one. */
  preserve(node: Node, value: unknown): void {
    if (!this.overlay.pins.has(node)) this.overlay.pin(node, value)
  }

  override dispose(): void {
    this.state.snapshots.delete(this)
    super.dispose()
  }
}
