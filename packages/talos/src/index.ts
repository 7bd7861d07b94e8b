/** Incremental computation: write `derived(() => …)`, get the right value, always, with the least work. */

export {
  type AsyncDerived,
  type AsyncOptions,
  type AsyncState,
  asyncDerived,
  type Tracker,
} from './async/asyncDerived.ts'
export { Gate } from './async/gate.ts'
export { type MapAsyncOptions, mapAsync } from './async/mapAsync.ts'
export { type Clock, createClock } from './clock.ts'
export { type Collection, type CollectionInput, collection, type KeyedOptions, keyed } from './collections/keyed.ts'
export type { Key } from './collections/tree.ts'
export { CycleError, TalosError, type TalosErrorCode } from './errors.ts'
export { type Change, type Fork, type ForkView, fork, type Snapshot, snapshot } from './fork/fork.ts'
export { createGraph, type Graph, type GraphOptions } from './graph.ts'
export type {
  Derived,
  DerivedOptions,
  Disposer,
  EffectOptions,
  Input,
  InputOptions,
  Readable,
  Scope,
  Writable,
} from './handles.ts'
export type { Memo, MemoOptions } from './memo.ts'
export { watch } from './watch.ts'
