/** Running one derived value: collect its reads, keep or replace its value. */
import {
  type Compute,
  FAILED,
  FORCE,
  Failure,
  isEqual,
  labelOf,
  NEVER,
  type Node,
  PROVISIONAL,
  RUNNING,
  STALE,
} from './node.ts'
import { isTransient, TalosError } from './errors.ts'
import { mark } from './mark.ts'
import type { State } from './state.ts'
import { abandonTrace, commitTrace } from './trace.ts'

/** Thrown through user code to unwind a pull that nests too deeply; never visible outside (SPEC D2). */
export const SUSPENDED: unique symbol = Symbol('suspended')

export function run(state: State, node: Node): void {
  const { consumer, runId, cursor, readsBase, clock, runs } = state
  node.flags = (node.flags | RUNNING) & ~(FORCE | STALE | PROVISIONAL)
  state.consumer = node
  state.runId = ++state.lastRun
  state.cursor = 0
  state.readsBase = state.readsTop
  state.deriving++
  runs.push(node)

  let value: unknown
  let failed = false
  try {
    value = node.extra?.cycle === undefined ? compute(node) : iterate(state, node, node.extra.cycle)
  } catch (error) {
    failed = true
    value = error
  }

  runs.pop()
  state.deriving--
  node.flags &= ~RUNNING
  const suspended = state.suspended !== null
  if (suspended) abandonTrace(state)
  else commitTrace(state, node)
  state.consumer = consumer
  state.runId = runId
  state.cursor = cursor
  state.readsBase = readsBase
  if (suspended) {
    // User code may have swallowed the signal; whatever it returned was computed from nothing.
    node.flags |= FORCE
    state.unwound.push(node)
    state.counters.suspended++
    throw SUSPENDED
  }
  state.counters.runs++
  conclude(node, failed ? failureOf(node, value, clock) : value, clock, state)
  if ((failed && isTransient(value)) || (node.flags & PROVISIONAL) !== 0) {
    node.flags |= FORCE
    node.verifiedAt = NEVER
  }
  // Only with writesInDerived: a run that wrote something may have outdated itself.
  if (state.clock !== clock && node.links !== null) mark(state, node)
}

/** Take an outcome as the node's value at `clock`, keeping the old one if equal. */
export function conclude(node: Node, outcome: unknown, clock: number, state: State): void {
  if (node.changedAt !== 0 && isEqual(node, node.value, outcome)) {
    state.counters.cutoffs++
  } else {
    node.value = outcome
    node.changedAt = clock
  }
  if (node.value instanceof Failure) {
    node.value.verifiedAt = clock
    node.flags |= FAILED
    node.verifiedAt = NEVER
  } else {
    node.flags &= ~FAILED
    node.verifiedAt = clock
  }
}

/** The same error thrown again keeps its record, so that dependents see no change. */
function failureOf(node: Node, error: unknown, clock: number): Failure {
  const last = node.value
  return last instanceof Failure && Object.is(last.error, error) ? last : new Failure(error, clock)
}

function compute(node: Node): unknown {
  const fn = node.fn as Compute
  return fn((node.flags & FAILED) !== 0 ? undefined : node.value)
}

/** Run until the value a cycle feeds back into the node no longer changes (SPEC Y3). */
function iterate(state: State, node: Node, cycle: { initial: unknown; maxIterations: number }): unknown {
  const before = node.value
  const fn = node.fn as Compute
  node.value = cycle.initial
  try {
    for (let i = 0; i < cycle.maxIterations; i++) {
      abandonTrace(state)
      state.cursor = 0
      state.runId = ++state.lastRun
      node.flags &= ~PROVISIONAL
      const value = fn(node.value)
      if ((node.flags & PROVISIONAL) === 0 || isEqual(node, node.value, value)) {
        node.flags &= ~PROVISIONAL
        return value
      }
      node.value = value
    }
    throw new TalosError('cycle', `No fix-point for ${labelOf(node)} after ${cycle.maxIterations} iterations.`)
  } finally {
    node.value = before
  }
}
