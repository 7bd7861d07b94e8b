/**
 * Derived values computed by asynchronous functions.
 *
 *     request   a derived node whose value is the run in progress; rerunning it supersedes that run
 *     run.cell  an input of its own for every run, so a late result can only reach the run it belongs to
 *     state     what observers see: pending, ready or failed, with the last value kept meanwhile
 *
 * Reads go through the tracker, before and after any `await`. Each one first checks that nothing read so
 * far has changed; if something has, the run is superseded on the spot (SPEC A2). Readers at the same
 * time share one run.
 */
import { createDerived, createInput, nodeOf } from '../create.ts'
import { TalosError } from '../errors.ts'
import type { Graph } from '../graph.ts'
import type { Derived, DerivedOptions, Input, Readable } from '../handles.ts'
import { relink } from '../links.ts'
import { EMPTY, FAILED, Failure, hasMoved, LINKED, labelOf, type Node, setStamp, stampOf } from '../node.ts'
import type { State, View } from '../state.ts'
import type { Gate } from './gate.ts'

export type AsyncState<T> =
  | { readonly kind: 'pending'; readonly last: T | undefined }
  | { readonly kind: 'ready'; readonly value: T }
  | { readonly kind: 'error'; readonly error: unknown; readonly last: T | undefined }

export interface Tracker {
  /** Read a node, recording the read; an asynchronous one is waited for. Works after any `await`. */
  get<T>(node: AsyncDerived<T>): Promise<T>
  get<T>(node: Readable<T>): T
  /** Aborted when this run is superseded or disposed. Created when first asked for. */
  readonly signal: AbortSignal
}

export interface AsyncDerived<T> {
  /** Current state, as a node for synchronous readers and effects. Reading it starts the run. */
  readonly state: Readable<AsyncState<T>>
  /** Wait for the value that holds when the promise resolves. */
  get(): Promise<T>
  /** Run again, also after an error. */
  refresh(): void
  /** Abort and forget. */
  dispose(): void
}

export interface AsyncOptions<T> extends Pick<DerivedOptions<T>, 'id' | 'equals' | 'secret'> {
  /** Bounds how many runs are under way at once among all values sharing the gate. */
  readonly gate?: Gate
}

/** Create a value computed by an asynchronous function from what it reads through the tracker. */
export function asyncDerived<T>(
  graph: Graph,
  fn: (tracker: Tracker) => Promise<T>,
  options: AsyncOptions<T> = {},
): AsyncDerived<T> {
  return new AsyncNode(graph.state, fn, options)
}

class AsyncNode<T> implements AsyncDerived<T> {
  readonly state: Readable<AsyncState<T>>
  /** The last settled outcome: does not move while a new run is pending. */
  readonly outcome: Readable<Settled<T>>
  readonly #request: Readable<Run<T>>

  constructor(state: State, fn: (tracker: Tracker) => Promise<T>, options: AsyncOptions<T>) {
    const { id, equals, secret, gate } = options
    const named = { ...(id === undefined ? {} : { id }), ...(secret === undefined ? {} : { secret }) }
    const request: Derived<Run<T>> = createDerived<Run<T>>(state, (previous): Run<T> => {
      previous?.supersede()
      const run: Run<T> = new Run<T>(state, labelOf(nodeOf(request)), previous, equals)
      run.start(nodeOf(request), fn, gate)
      return run
    })
    this.#request = request
    this.state = createDerived<AsyncState<T>>(state, () => request.get().describe(), named)
    this.outcome = createDerived<Settled<T>>(state, (previous) => request.get().cell.get() ?? previous ?? PENDING, {
      equals: sameOutcome,
    })
  }

  async get(): Promise<T> {
    for (;;) {
      const run = this.#request.peek()
      await run.done
      for (const dependency of run.awaited) await dependency.get().catch(() => {})
      if (this.#request.peek() !== run) continue
      const settled = run.cell.peek()
      if (settled === undefined || settled === PENDING) continue
      if ('error' in settled) throw settled.error
      return settled.value
    }
  }

  refresh(): void {
    nodeOf(this.#request).refresh()
  }

  dispose(): void {
    const node = nodeOf(this.#request)
    if (!(node.value instanceof Failure)) (node.value as Run<T> | undefined)?.supersede()
    node.dispose()
  }
}

type Settled<T> = { readonly value: T } | { readonly error: unknown } | typeof PENDING

const PENDING: unique symbol = Symbol('pending')

function sameOutcome<T>(left: Settled<T>, right: Settled<T>): boolean {
  if (left === PENDING || right === PENDING) return false
  if ('error' in left || 'error' in right) return 'error' in left && 'error' in right && left.error === right.error
  return Object.is(left.value, right.value)
}

class Run<T> {
  /** Set once, when the function settles. */
  readonly cell: Input<Settled<T> | undefined>
  readonly awaited: Set<AsyncNode<unknown>> = new Set()
  /** Resolves when there is no point in waiting for this run any longer; never rejects. */
  readonly done: Promise<void>
  readonly #state: State
  readonly #view: View | null
  readonly #label: string
  readonly #last: { readonly value: T } | undefined
  readonly #equals: ((left: T, right: T) => boolean) | undefined
  readonly #read: Set<Node> = new Set()
  #node: Node | undefined
  #controller: AbortController | undefined
  #superseded = false
  #end: () => void = () => {}

  constructor(
    state: State,
    label: string,
    previous: Run<T> | undefined,
    equals: ((left: T, right: T) => boolean) | undefined,
  ) {
    this.#state = state
    this.#view = state.view
    this.#label = label
    this.#equals = equals
    this.#last = previous?.value
    this.cell = createInput<Settled<T> | undefined>(state, undefined)
    this.done = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  /** The settled value, or the last one known before. */
  get value(): { readonly value: T } | undefined {
    const settled = this.cell.peek()
    return typeof settled === 'object' && 'value' in settled ? settled : this.#last
  }

  start(request: Node, fn: (tracker: Tracker) => Promise<T>, gate: Gate | undefined): void {
    const signal = () => this.#signal()
    const tracker: Tracker = {
      get: ((handle: AsyncDerived<unknown> | Readable<unknown>) =>
        handle instanceof AsyncNode ? this.#await(handle) : this.#late(nodeOf(handle))) as Tracker['get'],
      get signal() {
        return signal()
      },
    }
    // In a microtask: this is called while the request node runs, and no read may be charged to that.
    const begin = async () => {
      await undefined
      this.#node = this.#inView(() => this.#state.view?.resolve(request) ?? request)
      if (this.#superseded) throw this.#supersededError()
      return fn(tracker)
    }
    const result = gate === undefined ? begin() : gate.run(begin)
    result.then(
      (value) => this.#settle({ value: this.#same(value) }),
      (error: unknown) => this.#settle({ error }),
    )
  }

  supersede(): void {
    if (this.#superseded) return
    this.#superseded = true
    this.#controller?.abort(this.#supersededError())
    this.#end()
  }

  describe(): AsyncState<T> {
    const settled = this.cell.get()
    const last = this.#last?.value
    if (settled === undefined || settled === PENDING) return { kind: 'pending', last }
    if ('error' in settled) return { kind: 'error', error: settled.error, last }
    for (const dependency of this.awaited)
      if (dependency.state.get().kind === 'pending') return { kind: 'pending', last: settled.value }
    return { kind: 'ready', value: settled.value }
  }

  #settle(settled: { readonly value: T } | { readonly error: unknown }): void {
    if (!this.#superseded) this.#inView(() => this.cell.set(settled))
    this.#end()
  }

  /** An equal result keeps the old object, so that readers see no change. */
  #same(value: T): T {
    const last = this.#last
    return last !== undefined && (Object.is(last.value, value) || this.#equals?.(last.value, value) === true)
      ? last.value
      : value
  }

  /** Read a node on behalf of the request node, any time after it ran. */
  #late(node: Node): unknown {
    return this.#inView(() => {
      const request = this.#check()
      const target = this.#state.view?.resolve(node) ?? node
      try {
        return node.peek()
      } finally {
        if (!this.#read.has(target)) this.#record(request, target)
      }
    })
  }

  async #await(dependency: AsyncNode<unknown>): Promise<unknown> {
    this.#inView(() => this.#check())
    this.awaited.add(dependency)
    await dependency.get().catch(() => {})
    const settled = this.#late(nodeOf(dependency.outcome)) as Settled<unknown>
    if (settled === PENDING) throw this.#supersededError()
    if ('error' in settled) throw settled.error
    return settled.value
  }

  /** The request node, if what this run read still holds; otherwise the run ends here. */
  #check(): Node {
    const request = this.#node
    if (!this.#superseded && request !== undefined && request.value === this) {
      if (unchanged(this.#state, request)) return request
      // Changes might be undone before anyone looks, but this run is over: make sure there is another.
      request.refresh()
    }
    this.supersede()
    throw this.#supersededError()
  }

  #record(request: Node, target: Node): void {
    this.#read.add(target)
    const at = request.trace.length / 2
    if (request.trace === EMPTY) request.trace = []
    request.trace.push(target, target.value)
    if ((request.flags & LINKED) !== 0) relink(this.#state, request, at)
  }

  #signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#superseded) this.#controller.abort(this.#supersededError())
    return this.#controller.signal
  }

  #supersededError(): TalosError {
    return new TalosError('superseded', `${this.#label} was superseded by a change of something it read.`)
  }

  /** Run in the view the run was started in: a fork's runs stay in the fork. */
  #inView<R>(action: () => R): R {
    const state = this.#state
    const { view, consumer } = state
    state.view = this.#view
    state.consumer = null
    state.retune()
    try {
      return action()
    } finally {
      state.view = view
      state.consumer = consumer
      state.retune()
    }
  }
}

/** Whether everything a node read is as it saw it. Runs dependencies if needed, never the node. */
function unchanged(state: State, node: Node): boolean {
  if ((node.flags & FAILED) !== 0) return false
  const { trace } = node
  const stamp = stampOf(node)
  for (let at = 0; at < trace.length; at += 2) {
    const dependency = trace[at] as Node
    try {
      dependency.peek()
    } catch {
      // A failure is an outcome like any other; what counts is whether it is the one seen.
    }
    if (hasMoved(dependency, trace[at + 1], stamp)) return false
  }
  setStamp(node, state.clock)
  return true
}
