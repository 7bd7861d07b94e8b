/** Running one derived value: collect its reads, keep or replace its value. */

import { isTransient, TalosError } from './errors.ts'
import { mark } from './mark.ts'
import {
  type Compute,
  DISPOSED,
  type Extra,
  FAILED,
  Failure,
  FORCE,
  isEqual,
  LINKED,
  labelOf,
  NEVER,
  type Node,
  PROVISIONAL,
  RUNNING,
  STALE,
} from './node.ts'
import type { State } from './state.ts'
import { abandonTrace, commitTrace } from './trace.ts'

/** Thrown through user code to unwind a pull that nests too deeply; never visible outside (SPEC D2). */
export const SUSPENDED: unique symbol = Symbol('suspended')

export function run(state: State, node: Node): void {
  const { consumer, runId, cursor, clock, depth, tracer } = state
  const base = state.readsTop
  if (tracer !== null) tracer.started(node)
  enter(state, node)
  // FORCE until the end: if the stack gives out inside the engine, what is half done must run again.
  node.flags = (node.flags | RUNNING | FORCE) & ~(STALE | PROVISIONAL)
  state.consumer = node
  state.runId = ++state.lastRun
  state.cursor = 0

  let value: unknown
  let failed = false
  try {
    value = node.extra === null ? (node.fn as Compute)(previous(node)) : compute(state, node, base)
  } catch (error) {
    failed = true
    value = error
  }

  leave(state, depth)
  const usual = !failed && tracer === null && isUsual(state, node, clock)
  if (!usual) closeTrace(state, node, base, failed && isOverflow(value))
  state.consumer = consumer
  state.runId = runId
  state.cursor = cursor
  if (!usual) return endRun(state, node, value, failed, clock)
  state.runCount++
  node.flags &= ~(RUNNING | FORCE | FAILED)
  settleValue(state, node, value, clock)
}

/** Nothing but the usual happened in a run: it read what it read before, closed no cycle, wrote nothing, was not cut. */
function isUsual(state: State, node: Node, clock: number): boolean {
  return (
    state.cursor === node.trace.length &&
    (node.flags & PROVISIONAL) === 0 &&
    state.clock === clock &&
    state.suspended === null
  )
}

// What follows is apart from `run` so that V8 can inline the usual case: it refuses functions of more than 460 bytes.

function closeTrace(state: State, node: Node, base: number, overflowed: boolean): void {
  node.flags &= ~RUNNING
  // The stack ended before the limit of nesting did: start again from here with a fresh one.
  if (overflowed && state.depth - state.baseDepth > SHALLOW) state.suspended ??= node
  if (state.suspended !== null || (node.flags & DISPOSED) !== 0) abandonTrace(state, base)
  else commitTrace(state, node, base)
}

function endRun(state: State, node: Node, value: unknown, failed: boolean, clock: number): void {
  const { tracer } = state
  // User code may have swallowed the signal; whatever it returned was computed from nothing.
  if (state.suspended !== null) suspend(state, node)
  state.runCount++
  // Disposed while it ran: that is its outcome, whatever the function came to (SPEC G4).
  if ((node.flags & DISPOSED) !== 0) {
    if (tracer !== null) tracer.ended(node)
    return
  }
  if (failed) fail(state, node, value, clock)
  else succeed(state, node, value, clock)
  if (tracer !== null) tracer.ended(node)
  if ((node.flags & PROVISIONAL) !== 0) neverCache(node)
  // Only with writesInDerived: a run that wrote something may have outdated itself.
  if (state.clock !== clock && (node.flags & LINKED) !== 0) mark(state, node)
}

/** Nesting below which a stack overflow is the user's own. */
const SHALLOW = 16

function isOverflow(error: unknown): boolean {
  return error instanceof RangeError && isTransient(error)
}

export function enter(state: State, node: Node): void {
  state.runs[state.depth++] = node
}

/** Close the run at `depth`, and those above it that a stack overflow inside the engine itself tore down. */
export function leave(state: State, depth: number): void {
  const { runs } = state
  while (state.depth > depth + 1) {
    const broken = runs[--state.depth] as Node
    runs[state.depth] = undefined
    broken.flags &= ~RUNNING
  }
  runs[depth] = undefined
  state.depth = depth
}

/** Take a value at `clock`, keeping the old one if equal, so that consumers see no change (SPEC C2). */
export function succeed(state: State, node: Node, value: unknown, clock: number): void {
  node.flags &= ~(FAILED | FORCE)
  settleValue(state, node, value, clock)
}

function settleValue(state: State, node: Node, value: unknown, clock: number): void {
  if (node.changedAt !== 0 && isEqual(node, node.value, value)) {
    state.cutoffCount++
  } else {
    node.value = value
    node.changedAt = clock
  }
  node.verifiedAt = clock
}

/** Keep a thrown error as the outcome, unless it says nothing about the value (SPEC E1, E4). */
function fail(state: State, node: Node, error: unknown, clock: number): void {
  const last = node.value
  if (last instanceof Failure && Object.is(last.error, error)) {
    last.verifiedAt = clock
    state.cutoffCount++
  } else {
    node.value = new Failure(error, clock)
    node.changedAt = clock
  }
  node.flags = (node.flags | FAILED) & ~FORCE
  node.verifiedAt = NEVER
  if (isTransient(error)) neverCache(node)
}

function neverCache(node: Node): void {
  node.flags |= FORCE
  node.verifiedAt = NEVER
}

function suspend(state: State, node: Node): never {
  if ((node.flags & DISPOSED) === 0) node.flags |= FORCE
  state.unwound.push(node)
  state.suspendedCount++
  throw SUSPENDED
}

function previous(node: Node): unknown {
  return (node.flags & FAILED) !== 0 ? undefined : node.value
}

function compute(state: State, node: Node, base: number): unknown {
  const cycle = node.extra?.cycle
  return cycle === undefined ? (node.fn as Compute)(previous(node)) : iterate(state, node, cycle, base)
}

/** Run until the value a cycle feeds back into the node no longer changes (SPEC Y3). */
function iterate(state: State, node: Node, cycle: NonNullable<Extra['cycle']>, base: number): unknown {
  const before = node.value
  const fn = node.fn as Compute
  node.value = cycle.initial
  try {
    for (let i = 0; i < cycle.maxIterations; i++) {
      abandonTrace(state, base)
      state.cursor = 0
      state.runId = ++state.lastRun
      node.flags &= ~PROVISIONAL
      const value = fn(node.value)
      if ((node.flags & DISPOSED) !== 0) return value
      if ((node.flags & PROVISIONAL) === 0 || isEqual(node, node.value, value)) {
        node.flags &= ~PROVISIONAL
        return value
      }
      node.value = value
    }
    throw new TalosError('cycle', `No fix-point for ${labelOf(node)} after ${cycle.maxIterations} iterations.`)
  } finally {
    if ((node.flags & DISPOSED) === 0) node.value = before
  }
}
