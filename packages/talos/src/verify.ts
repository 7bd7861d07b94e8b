/**
 * Bringing a node up to date.
 *
 * Its dependencies are checked in the order they were read and the first one that differs from what
 * the node saw makes it run; a dependency behind it is never touched, because the new run may not
 * want it (SPEC C3). The walk uses an explicit stack, so a chain of a million nodes needs no more call
 * stack than one. Only a first run nests calls; beyond `MAX_NESTED_RUNS` it is cut short, the node it
 * waited for is computed on a fresh stack, and it starts again (SPEC D2).
 */

import { runEffect } from './effect.ts'
import { CycleError } from './errors.ts'
import { markConsumers, settle } from './mark.ts'
import {
  EFFECT,
  FAILED,
  type Failure,
  FORCE,
  hasMoved,
  INPUT,
  LINKED,
  labelOf,
  type Node,
  PROBED,
  PROVISIONAL,
  RUNNING,
  STALE,
  setStamp,
  stampOf,
  WALKING,
} from './node.ts'
import { run, SUSPENDED } from './run.ts'
import type { State } from './state.ts'

/**
 * Nested runs before a pull restarts. Measured on Node 20 with its default stack, before anything is compiled:
 * functions that read through two callbacks overflow after 580 levels.
 */
const MAX_NESTED_RUNS = 400
/** The same for first runs started by the read itself, which take fewer frames: 730 levels. */
export const MAX_NESTED_FIRST_RUNS = 500

/** Make the outcome of a node current. */
export function pull(state: State, node: Node): void {
  if ((node.flags & INPUT) !== 0) return setStamp(node, state.clock)
  if (!state.unannounced.empty) settle(state)
  if ((node.flags & (STALE | FORCE)) === 0 && isCurrent(state, node)) return
  const depth = state.depth - state.baseDepth
  if (depth === 0) pullFromOutside(state, node)
  else if (depth < MAX_NESTED_RUNS) verify(state, node)
  else {
    state.suspended = node
    throw SUSPENDED
  }
}

/** Read without a run in progress: if that happens again and again, keep the node linked (SPEC L3). */
function pullFromOutside(state: State, node: Node): void {
  const again = (node.flags & (FORCE | LINKED | EFFECT)) === 0 && state.depth === 0 && state.view === null
  drive(state, node)
  if (again && (node.flags & FORCE) === 0) state.keeper.keep(node)
}

/** Verify a stale node from the bottom of the call stack, restarting what was suspended. */
export function drive(state: State, root: Node): void {
  try {
    verify(state, root)
  } catch (error) {
    if (state.suspended === null) throw error
    restart(state, root)
  }
}

/** Compute what a run was suspended for on a fresh stack, then that run again, until the root is verified. */
function restart(state: State, root: Node): void {
  const waiting: Node[] = [root]
  const segments: Node[][] = []
  const known = new Set(waiting)
  for (;;) {
    if (state.suspended !== null) {
      const next: Node = state.suspended
      state.suspended = null
      segments.push(state.unwound.toReversed())
      state.unwound = []
      if (known.has(next)) throw new CycleError(cyclePath(segments.flat(), next))
      known.add(next)
      waiting.push(next)
    }
    const node = waiting[waiting.length - 1] as Node
    try {
      if (!isCurrent(state, node)) verify(state, node)
    } catch (error) {
      if (state.suspended === null) throw error
      continue
    }
    known.delete(node)
    waiting.pop()
    segments.pop()
    if (waiting.length === 0) return
  }
}

function verify(state: State, root: Node): void {
  const at = (root.flags & FORCE) !== 0 ? DIFFERENT : firstUnverified(state, root, 0)
  if (at < 0) conclude(state, root, at, state.clock)
  else descend(state, root, at)
}

function descend(state: State, root: Node, from: number): void {
  const { walk, walkAt, clock } = state
  const base = walk.length
  let node = root
  let at = from
  try {
    for (;;) {
      if (at >= 0) {
        node.flags |= WALKING
        walk.push(node)
        walkAt.push(at)
        node = node.trace[at] as Node
        at = (node.flags & FORCE) !== 0 ? DIFFERENT : firstUnverified(state, node, 0)
        continue
      }
      conclude(state, node, at, clock)
      if (walk.length === base) return
      const done = node
      node = walk.pop() as Node
      node.flags &= ~WALKING
      at = walkAt.pop() as number
      // Compare here: a result that is never cached would look unverified again and loop.
      at = (node.flags & FORCE) !== 0 || differs(node, at, done) ? DIFFERENT : firstUnverified(state, node, at + 2)
    }
  } finally {
    while (walk.length > base) {
      ;(walk.pop() as Node).flags &= ~WALKING
      walkAt.pop()
    }
  }
}

/** All dependencies looked at: keep the value or run. */
function conclude(state: State, node: Node, verdict: number, clock: number): void {
  if (verdict === SAME) {
    node.flags &= ~STALE
    setStamp(node, clock)
    state.verifiedCount++
    return
  }
  if ((node.flags & EFFECT) !== 0) return runEffect(state, node)
  const { changedAt } = node
  if (state.recall === null || node.changedAt !== 0 || !state.recall(node)) run(state, node)
  // An open probe needed before its turn: its consumers hear of it here.
  if ((node.flags & PROBED) !== 0 && node.changedAt !== changedAt) markConsumers(state, node)
}

/** A dependency differs from what was seen. */
const DIFFERENT = -1
/** No dependency differs. */
const SAME = -2

/** The position of the next dependency to descend into, or the verdict. */
function firstUnverified(state: State, node: Node, from: number): number {
  const { trace } = node
  const { clock } = state
  const stamp = stampOf(node)
  for (let at = from; at < trace.length; at += 2) {
    const dependency = trace[at] as Node
    if (dependency.verifiedAt !== clock && !isCurrent(state, dependency)) {
      // Already being worked on: the recorded edge would close a cycle. Only running tells if it still exists.
      return (dependency.flags & (RUNNING | WALKING)) !== 0 ? DIFFERENT : at
    }
    if (dependency.changedAt > stamp && hasMoved(dependency, trace[at + 1], stamp)) return DIFFERENT
  }
  return SAME
}

/** Whether a just verified dependency forces its consumer to run. */
function differs(node: Node, at: number, dependency: Node): boolean {
  if ((dependency.flags & FORCE) !== 0) return true
  if (node.trace[at] !== dependency) return false
  return hasMoved(dependency, node.trace[at + 1], stampOf(node))
}

/** Known to be right without looking further down; stamps it so that the next read is fast. */
export function isCurrent(state: State, node: Node): boolean {
  const { flags } = node
  if ((flags & (INPUT | FAILED)) === INPUT) {
    node.verifiedAt = state.clock
    return true
  }
  if ((flags & (RUNNING | FORCE)) !== 0) return false
  if ((flags & FAILED) !== 0 && (node.value as Failure).verifiedAt === state.clock) return true
  if (node.verifiedAt === state.clock) return true
  if ((flags & INPUT) === 0) {
    if ((flags & (LINKED | STALE)) !== LINKED) return false
    if (state.probing !== null || !state.probes.empty) {
      // An unmarked node is current only if no open probe may still have to mark it.
      settle(state)
      if ((node.flags & STALE) !== 0) return false
    }
  }
  setStamp(node, state.clock)
  return true
}

/** A node was read while running: a true cycle, unless it asked for a fix-point. */
export function readRunning(state: State, node: Node): unknown {
  const runs = state.runs.slice(0, state.depth) as Node[]
  const start = runs.lastIndexOf(node)
  for (const between of runs.slice(start + 1)) between.flags |= PROVISIONAL
  if (node.extra?.cycle !== undefined) {
    node.flags |= PROVISIONAL
    return node.value
  }
  node.flags |= PROVISIONAL
  throw new CycleError([...runs.slice(start), node].map(labelOf))
}

function cyclePath(chain: readonly Node[], repeated: Node): string[] {
  const start = chain.lastIndexOf(repeated)
  return [...chain.slice(Math.max(0, start)), repeated].map(labelOf)
}
