/**
 * The one node class. Inputs, derived values and effects share it so that every call site in the
 * engine sees a single hidden class; the public types in `handles.ts` show each kind its own methods.
 *
 * A node costs eleven fields. What most nodes never need (label, equality, options) lives in `extra`,
 * what only observed nodes need (back edges) in `links`.
 */
import type { State } from './state.ts'

export const INPUT: number = 1
export const EFFECT: number = 2
/** An observed node with something upstream that may have changed. Unobserved nodes never carry it. */
export const STALE: number = 4
export const RUNNING: number = 8
/** `value` is a `Failure`; `verifiedAt` stays NEVER, so every read takes the slow path and throws. */
export const FAILED: number = 16
/** On the explicit stack of a verification. */
export const WALKING: number = 32
/** Run on the next verification whatever the dependencies say: first run, retry, or a result never cached. */
export const FORCE: number = 64
/** Already written in the open batch: its first old value is in the log. */
export const LOGGED: number = 128
export const DISPOSED: number = 256
export const SECRET: number = 512
/** Read a node that was still running, so this run's result depends on where evaluation started. */
export const PROVISIONAL: number = 1024
/** In the list of changes not yet announced to observers. */
export const UNANNOUNCED: number = 2048

export const NEVER: number = -1

export class Node {
  readonly state: State
  readonly fn: Compute | null
  value: unknown
  /** Clock at which `value` last became different. */
  changedAt = 0
  /** Clock at which `value` was last known to be right; equality with `state.epoch` is the fast path. */
  verifiedAt: number = NEVER
  /** Run that last read this node: keeps one run from recording it twice. */
  seenBy = 0
  flags: number
  /** `[dependency, value seen, …]` in read order, as of the last run (SPEC G1). */
  trace: unknown[] = EMPTY
  links: Links | null = null
  extra: Extra | null = null

  constructor(state: State, fn: Compute | null, value: unknown, flags: number) {
    this.state = state
    this.fn = fn
    this.value = value
    this.flags = flags
  }

  /** Read the value and record the read. */
  get(): unknown {
    const state = this.state
    if (this.verifiedAt !== state.epoch) return state.read(this)
    if (state.consumer !== null && this.seenBy !== state.runId) state.track(this)
    return this.value
  }

  peek(): unknown {
    const { state } = this
    const consumer = state.consumer
    state.consumer = null
    try {
      return this.get()
    } finally {
      state.consumer = consumer
    }
  }

  set(value: unknown): void {
    this.state.write(this, value)
  }

  update(change: (value: unknown) => unknown): void {
    this.set(change(this.peek()))
  }

  /** Announce that a mutable value changed in place. */
  touch(): void {
    this.state.touch(this)
  }

  /** Forget the cached result; the next read runs again. */
  refresh(): void {
    this.state.refresh(this)
  }

  dispose(): void {
    this.state.dispose(this)
  }

  get id(): string | undefined {
    return this.extra?.id
  }
}

// Tracking is asked of the state rather than imported: state knows the algorithm, nodes only their data.

export type Compute = (previous: unknown) => unknown
export type Equals = (left: unknown, right: unknown) => boolean

/** Back edges and what depends on them. Exists exactly while something observes the node. */
export class Links {
  /** Observed consumers of this node. */
  readonly subs: Node[] = []
  /** For each of `subs`, the position of this node in that consumer's trace. */
  readonly positions: number[] = []
  /** For each dependency, where this node sits in its `subs`: makes removal O(1). */
  readonly slots: number[] = []
  /** Consumers sure to run whatever other values turn out to be, with this node as their first read (SPEC P3). */
  certain = 0
}

/** Options and cold data of one node. */
export interface Extra {
  id?: string
  equals?: Equals
  /** Writable derived: translates a set into sets of inputs. */
  put?: (value: unknown) => void
  cycle?: { readonly initial: unknown; readonly maxIterations: number }
  version?: string
  /** Arguments of a memo entry. */
  args?: readonly unknown[]
  persist?: boolean
  /** Offers a recorded result instead of a first run (persistence). */
  recall?: (node: Node) => Recalled | undefined
  /** Effects: order of creation, cleanup and owned effects. */
  order?: number
  cleanup?: (() => void) | undefined
  owned?: Node[] | undefined
  runs?: number
  flush?: number
  schedule?: ((run: () => void) => void) | undefined
  queued?: boolean
  /** Forks: the node this one stands in for. */
  origin?: Node
  pinned?: boolean
  /** Explanation, recorded while a tracer is attached. */
  cause?: Cause
  selfMs?: number
  runCount?: number
  /** Clock of the last run, recorded while a tracer is attached. */
  ranAt?: number
  /** Clock of the last `touch`: consumers older than this run even if the value is the same object. */
  touchedAt?: number
  /** Releases what a special kind of node holds. */
  release?: (() => void) | undefined
}

export interface Recalled {
  readonly value: unknown
  readonly deps: readonly Node[]
}

export interface Cause {
  readonly dependency: Node | undefined
  readonly revision: number
  readonly reason: 'first' | 'changed' | 'forced'
}

/** A thrown outcome kept like a value (SPEC E1). */
export class Failure {
  readonly error: unknown
  verifiedAt: number

  constructor(error: unknown, verifiedAt: number) {
    this.error = error
    this.verifiedAt = verifiedAt
  }
}

/** Shared and frozen: a node without dependencies owns no array. */
export const EMPTY: unknown[] = Object.freeze([]) as unknown as unknown[]

export function extraOf(node: Node): Extra {
  node.extra ??= {}
  return node.extra
}

export function labelOf(node: Node): string {
  const id = node.extra?.id ?? node.extra?.origin?.extra?.id
  if (id !== undefined) return id
  const name = node.fn?.name
  if (name) return name
  return (node.flags & INPUT) !== 0 ? 'input' : (node.flags & EFFECT) !== 0 ? 'effect' : 'derived'
}

/** Clock at which the outcome was last known to be right, for values and failures alike. */
export function stampOf(node: Node): number {
  return (node.flags & FAILED) !== 0 ? (node.value as Failure).verifiedAt : node.verifiedAt
}

export function setStamp(node: Node, clock: number): void {
  if ((node.flags & FAILED) !== 0) (node.value as Failure).verifiedAt = clock
  else node.verifiedAt = clock
}

/** Equality of two outcomes of a node. A comparison that throws counts as a difference: it must not poison the graph. */
export function isEqual(node: Node, left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true
  if (left instanceof Failure || right instanceof Failure)
    return left instanceof Failure && right instanceof Failure && Object.is(left.error, right.error)
  const equals = node.extra?.equals
  if (equals === undefined) return false
  try {
    return equals(left, right)
  } catch {
    return false
  }
}

/** Whether a consumer that saw `seen` at `stamp` has to look again. */
export function hasMoved(node: Node, seen: unknown, stamp: number): boolean {
  if (node.changedAt <= stamp) return false
  return (node.extra?.touchedAt ?? 0) > stamp || !isEqual(node, seen, node.value)
}

/** An observed node sure to run when something it read changed: an effect, or the first read of one (SPEC P3). */
export function isCertain(node: Node): boolean {
  return (node.flags & EFFECT) !== 0 || (node.links as Links).certain > 0
}
