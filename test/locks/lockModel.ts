/**
 * Fenced lease locks, one call after the other: what the locks of the product promise.
 *
 * Exclusive excludes everybody, shared excludes exclusive. Each grant carries a fence higher than any before. A lease
 * ends by release or by time, and nobody has to sweep. A write goes through only under the fence of an exclusive lease
 * that has not ended, and writes are committed in the order in which they went through.
 *
 * A lease says until when, hence when it was granted. For other answers only their interval is known; they are right
 * when they were so at some moment of it. Times come truncated to milliseconds, so equal ones are never held against
 * an answer.
 */
import type { Model } from '../linearizability/model.ts'
import type { LockInput, LockOperation, LockOutput } from './lockHistory.ts'

export interface LockState {
  readonly fence: number
  readonly position: number
  /** Those that were not released; one that has run out stays until somebody is granted the lock. */
  readonly leases: readonly Lease[]
}

interface Lease {
  readonly fence: number
  readonly holder: string
  readonly mode: 'exclusive' | 'shared'
  readonly untilMs: number
}

export const lockModel: Model<LockState, LockInput, LockOutput> = {
  initial: { fence: 0, position: 0, leases: [] },
  partOf: ({ lock }) => lock,
  changesNothing: ({ output }) => output?.kind === 'held' || output?.kind === 'stale',
  keyOf: ({ fence, position, leases }) =>
    `${fence} ${position} ${leases.map((lease) => `${lease.fence} ${lease.untilMs}`).join(' ')}`,

  step(state, operation) {
    const { input, output } = operation
    if (output === undefined) throw new Error('A call of a lock without an answer is none that this model can follow.')
    switch (output.kind) {
      case 'granted':
        return input.kind === 'acquire' ? acquired(state, operation) : extended(state, operation)
      case 'held':
        return isHeld(state, operation) ? state : undefined
      case 'written': {
        const lease = leaseOf(state, input)
        const allows = lease?.mode === 'exclusive' && lease.untilMs >= operation.calledAt
        return allows && output.position > state.position ? { ...state, position: output.position } : undefined
      }
      case 'released': {
        const lease = leaseOf(state, input)
        return lease && lease.untilMs >= operation.calledAt ? { ...state, leases: without(state, input) } : undefined
      }
      case 'stale': {
        const lease = leaseOf(state, input)
        const forbids = input.kind === 'write' && lease?.mode === 'shared'
        return !lease || forbids || lease.untilMs <= operation.returnedAt ? state : undefined
      }
    }
  },
}

function acquired(state: LockState, { input, output, calledAt, returnedAt }: LockOperation): LockState | undefined {
  if (input.kind !== 'acquire' || output?.kind !== 'granted') return undefined
  const { fence, untilMs } = output
  const grantedAtMs = untilMs - input.ttlMs
  if (grantedAtMs < calledAt || grantedAtMs > returnedAt || fence <= state.fence) return undefined
  const leases = state.leases.filter((lease) => lease.untilMs > grantedAtMs)
  if (leases.some((lease) => excludes(lease, input))) return undefined
  return { ...state, fence, leases: [...leases, { fence, holder: input.holder, mode: input.mode, untilMs }] }
}

function extended(state: LockState, { input, output, calledAt, returnedAt }: LockOperation): LockState | undefined {
  if (input.kind !== 'extend' || output?.kind !== 'granted' || output.fence !== input.fence) return undefined
  const lease = leaseOf(state, input)
  const grantedAtMs = output.untilMs - input.ttlMs
  if (!lease || lease.untilMs < grantedAtMs || grantedAtMs < calledAt || grantedAtMs > returnedAt) return undefined
  return { ...state, leases: [...without(state, input), { ...lease, untilMs: output.untilMs }].sort(byFence) }
}

function isHeld({ leases }: LockState, { input, calledAt }: LockOperation): boolean {
  return input.kind === 'acquire' && leases.some((lease) => lease.untilMs >= calledAt && excludes(lease, input))
}

function excludes(lease: Lease, { mode }: { readonly mode: Lease['mode'] }): boolean {
  return lease.mode === 'exclusive' || mode === 'exclusive'
}

function leaseOf({ leases }: LockState, input: LockInput): Lease | undefined {
  if (input.kind === 'acquire') return undefined
  return leases.find(({ fence, holder }) => fence === input.fence && holder === input.holder)
}

function without(state: LockState, input: LockInput): readonly Lease[] {
  const lease = leaseOf(state, input)
  return state.leases.filter((other) => other !== lease)
}

function byFence(a: Lease, b: Lease): number {
  return a.fence - b.fence
}
