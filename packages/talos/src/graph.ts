/**
 * The dependency graph: inputs are set, derived values recompute on demand.
 *
 * `createGraph` returns plain functions, so `const { input, derived } = createGraph()` works. What is
 * built on these (forks, async values, collections, stores) lives in modules of its own and takes the
 * graph as first argument.
 */
import { createDerived, createInput, nodeOf } from './create.ts'
import { createEffect, flush } from './flush.ts'
import type {
  Derived,
  DerivedOptions,
  Disposer,
  EffectOptions,
  Input,
  InputOptions,
  Scope,
  Writable,
} from './handles.ts'
import { createMemo, type Memo, type MemoOptions } from './memo.ts'
import { type Compute, EFFECT, extraOf, Node } from './node.ts'
import { type Counters, State } from './state.ts'
import { batch } from './write.ts'

export interface GraphOptions {
  /**
   * Allow writes while a derived value is computed, for programs ported from libraries that do.
   * Order of evaluation then shows, so the default refuses them.
   */
  readonly writesInDerived?: boolean
}

export interface Graph {
  /** Create a value that is set from outside. */
  input<T>(value: T, options?: InputOptions<T>): Input<T>
  /** Create a value computed from what `fn` reads, recomputed only when something it read differs. */
  derived<T>(fn: (previous: T | undefined) => T, options?: DerivedOptions<T>): Derived<T>
  /** Create a derived value that can be set: `put` translates the set into sets of inputs, atomically. */
  writable<T>(fn: () => T, put: (value: T) => void, options?: DerivedOptions<T>): Writable<T>
  /** Create a function whose results are cached per exact argument list. */
  memo<A extends readonly unknown[], T>(fn: (...args: A) => T, options?: MemoOptions<A, T>): Memo<A, T>
  /** Run `fn` now and after every batch that changed something it read. */
  // biome-ignore lint/suspicious/noConfusingVoidType: a cleanup function may be returned or not
  effect(fn: () => void | (() => void), options?: EffectOptions): Disposer
  /** Run `fn` as one atomic change: one revision, one round of effects, nothing at all if it throws. */
  batch<R>(fn: () => R): R
  /** Read without recording the reads. */
  untracked<R>(fn: () => R): R
  /** Own every effect created inside `fn`; disposing the scope disposes them. */
  scope(fn: () => void): Scope
  /** Committed batches so far. */
  readonly revision: number
  /** Work done so far. */
  readonly counters: Readonly<Counters>
  /** The engine's own state, for the modules of this package. */
  readonly state: State
}

export function createGraph(options: GraphOptions = {}): Graph {
  const state = new State(options.writesInDerived ?? false)
  state.deliver = () => flush(state)
  return {
    input: (value, options) => createInput(state, value, options),
    derived: (fn, options) => createDerived(state, fn, options),
    writable: (fn, put, options) => createWritable(state, fn, put, options),
    memo: (fn, options) => createMemo(state, fn, options),
    effect: (fn, options) => createEffect(state, fn as Compute, options?.schedule),
    batch: (fn) => batch(state, fn),
    untracked: (fn) => untracked(state, fn),
    scope: (fn) => createScope(state, fn),
    get revision() {
      return state.revision
    },
    get counters() {
      return state.counters
    },
    state,
  }
}

function createWritable<T>(
  state: State,
  fn: () => T,
  put: (value: T) => void,
  options?: DerivedOptions<T>,
): Writable<T> {
  const handle = createDerived(state, fn, options)
  extraOf(nodeOf(handle)).put = put as (value: unknown) => void
  return handle as Writable<T>
}

export function untracked<R>(state: State, fn: () => R): R {
  const { consumer } = state
  state.consumer = null
  try {
    return fn()
  } finally {
    state.consumer = consumer
  }
}

function createScope(state: State, fn: () => void): Scope {
  const { owner } = state
  const holder = new Node(state, null, undefined, EFFECT)
  state.owner = holder
  try {
    untracked(state, fn)
  } catch (error) {
    state.dispose(holder)
    throw error
  } finally {
    state.owner = owner
  }
  return holder
}
