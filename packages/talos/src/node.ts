/**
 * The one node class. Inputs, derived values and effects share it so that every call site in the
 * engine sees a single hidden class; the public types in `handles.ts` show each kind its own methods.
 *
 * What most nodes never need (label, equality, options) lives in `extra`; back edges exist only while
 * a node is linked. Nothing reads an effect, so it has other things in three fields: `value` holds its
 * `EffectRecord` if it needs one, `changedAt` its place in the order of creation, `seenBy` the flush it
 * last ran in.
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
/** Everything this node read has a back edge to it, so it hears of changes. */
export const LINKED: number = 4096
/** Linked although nothing observes it, because it is read again and again (SPEC L3). */
export const KEPT: number = 8192
/** In the queue of probes: its consumers are not marked yet. */
export const PROBED: number = 16384
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
  /** Observed consumers, oldest first. */
  subs: Link | null = null
  /** Own back edges, in the order of the trace. Exists while LINKED. */
  edges: Link | null = null
  /** Consumers certain to run whatever other values turn out to be, with this node as their first read. */
  certain = 0
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

  [Symbol.dispose](): void {
    this.state.dispose(this)
  }

  get disposed(): boolean {
    return (this.flags & DISPOSED) !== 0
  }

  get id(): string | undefined {
    return this.extra?.id
  }
}

// Tracking is asked of the state rather than imported: state knows the algorithm, nodes only their data.

export type Compute = (previous: unknown) => unknown
export type Equals = (left: unknown, right: unknown) => boolean

/** One back edge: an entry in the consumers of `dep`, owned by `sub`. */
export class Link {
  readonly dep: Node
  readonly sub: Node
  /** The consumer before; of the first, the last. */
  prev: Link
  next: Link | null = null
  nextEdge: Link | null = null

  constructor(dep: Node, sub: Node, prev: Link | null) {
    this.dep = dep
    this.sub = sub
    this.prev = prev ?? this
  }
}

/** What few effects need; it stands where other nodes have their value. */
export class EffectRecord {
  schedule: ((run: () => void) => void) | undefined = undefined
  cleanup: (() => void) | undefined = undefined
  owned: Node[] | undefined = undefined
  /** Runs in the flush that `seenBy` names, after the first. */
  reruns = 0
  queued = false
}

export function recordOf(effect: Node): EffectRecord {
  effect.value ??= new EffectRecord()
  return effect.value as EffectRecord
}

/** Options and cold data of one node. */
export interface Extra {
  id?: string
  equals?: Equals
  /** Writable derived: translates a set into sets of inputs. */
  put?: (value: unknown) => void
  cycle?: { readonly initial: unknown; readonly maxIterations: number }
  version?: string
  /** Memo entries: the memo's name and the arguments. */
  memo?: string
  args?: readonly unknown[]
  persist?: boolean
  /** Why this node is not secret although it reads secrets. */
  declassified?: string
  /** Digest of `value` as stored, for the value it was taken of. */
  digest?: { readonly of: unknown; readonly text: string }
  /** Forks: the node this one stands in for. */
  origin?: Node
  /** Clock of the last `touch`: consumers older than this run even if the value is the same object. */
  touchedAt?: number
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

/** `Object.is`, spelled so that it compiles to comparisons instead of a call. */
export function isSame(left: unknown, right: unknown): boolean {
  return left === right
    ? left !== 0 || 1 / (left as number) === 1 / (right as number)
    : left !== left && right !== right
}

/** Equality of two values of a node. A comparison that throws counts as a difference: it must not poison the graph. */
export function isEqual(node: Node, left: unknown, right: unknown): boolean {
  if (isSame(left, right)) return true
  const equals = node.extra?.equals
  if (equals === undefined || left instanceof Failure || right instanceof Failure) return false
  try {
    return equals(left, right)
  } catch {
    return false
  }
}

/** Whether a consumer that saw `seen` at `stamp` has to look again. */
export function hasMoved(node: Node, seen: unknown, stamp: number): boolean {
  if (node.changedAt <= stamp) return false
  if (node.extra?.touchedAt !== undefined && node.extra.touchedAt > stamp) return true
  if (isEqual(node, seen, node.value)) return false
  // Thrown again after a value in between: another record of the same error is no difference.
  return !(seen instanceof Failure && node.value instanceof Failure && Object.is(seen.error, node.value.error))
}

/** A linked node sure to run when something it read changed: an effect, or the first read of one (SPEC P3). */
export function isCertain(node: Node): boolean {
  return node.certain > 0
}
