/** What clients ask of fenced locks and hear back. Times are milliseconds of the clock that grants the leases. */
import type { History, Operation } from '../linearizability/history.ts'

export type LockInput =
  | {
      readonly kind: 'acquire'
      readonly lock: string
      readonly holder: string
      readonly mode: 'exclusive' | 'shared'
      readonly ttlMs: number
    }
  | {
      readonly kind: 'extend'
      readonly lock: string
      readonly holder: string
      readonly fence: number
      readonly ttlMs: number
    }
  | { readonly kind: 'release'; readonly lock: string; readonly holder: string; readonly fence: number }
  /** A change of what the lock protects, in a transaction that stays open for a while after the change. */
  | {
      readonly kind: 'write'
      readonly lock: string
      readonly holder: string
      readonly fence: number
      readonly openMs: number
    }

export type LockOutput =
  | { readonly kind: 'granted'; readonly fence: number; readonly untilMs: number }
  /** Somebody else has it. */
  | { readonly kind: 'held' }
  | { readonly kind: 'released' }
  /** `position` orders the writes of a lock as they were committed. */
  | { readonly kind: 'written'; readonly position: number }
  /** The fence is not, or no more, one that allows this. */
  | { readonly kind: 'stale' }

export type LockOperation = Operation<LockInput, LockOutput>
export type LockHistory = History<LockInput, LockOutput>
