/**
 * Writes and batches.
 *
 * A batch is atomic: it becomes one revision, or, if its function throws, leaves no trace (SPEC B1, B2).
 * Values are set in place and logged; reads inside the batch see them. Rollback restores the log
 * backwards, and because consumers compare values seen, nothing reruns for a change that was undone.
 */
import { TalosError } from './errors.ts'
import { flush } from './flush.ts'
import { DISPOSED, extraOf, INPUT, isEqual, LOGGED, labelOf, type Node, UNANNOUNCED } from './node.ts'
import type { State, View } from './state.ts'

export function write(state: State, node: Node, value: unknown): void {
  refuse(state, node)
  if ((node.flags & INPUT) === 0) {
    const put = node.extra?.put
    if (put === undefined) throw new TalosError('not_writable', `${labelOf(node)} is derived and has no setter.`)
    batch(state, () => put(value))
    return
  }
  if (state.view !== null) return writeInView(state.view, node, value)
  if (isEqual(node, node.value, value)) return
  assign(state, node, value)
  if (state.batchDepth === 0) {
    state.revision++
    flush(state)
  }
}

/** Announce an input whose value was mutated in place: its consumers run although identity is the same. */
export function touch(state: State, node: Node): void {
  refuse(state, node)
  if (state.view !== null) throw new TalosError('read_only', `${labelOf(node)} cannot be touched inside a fork.`)
  batch(state, () => {
    assign(state, node, node.value)
    extraOf(node).touchedAt = state.clock
    state.touched = true
  })
}

/** Run an action whose writes take effect together or not at all. */
export function batch<R>(state: State, action: () => R): R {
  const start = state.log.length
  state.batchDepth++
  let done = false
  try {
    const result = action()
    done = true
    return result
  } finally {
    if (!done) rollBack(state, start)
    if (--state.batchDepth === 0) {
      if (commit(state)) state.revision++
      try {
        flush(state)
      } catch (error) {
        // The action's own error is the cause; what observers made of the rollback must not mask it.
        if (done) rethrow(error)
      }
    }
  }
}

/** Store a value, stamp it, and queue the announcement. The only place where an input changes. */
export function assign(state: State, node: Node, value: unknown): void {
  if (state.batchDepth > 0) {
    const first = (node.flags & LOGGED) === 0
    node.flags |= LOGGED
    state.log.push({ node, value: node.value, first })
  }
  if (state.snapshots.size > 0 && state.view === null) state.preserve(node, node.value)
  node.value = value
  node.changedAt = state.tick()
  if (node.subs !== null && (node.flags & UNANNOUNCED) === 0) {
    node.flags |= UNANNOUNCED
    state.unannounced.push(node)
  }
}

/** One write of an open batch, with what was there before. `undo` replaces restoring the value. */
export interface Logged {
  readonly node: Node
  readonly value: unknown
  /** First write to this node in the batch. */
  readonly first: boolean
  readonly undo?: () => void
}

function rollBack(state: State, start: number): void {
  const { log } = state
  while (log.length > start) {
    const entry = log.pop() as Logged
    if (entry.undo !== undefined) {
      entry.undo()
      continue
    }
    const { node } = entry
    if (entry.first) node.flags &= ~LOGGED
    // Its value is the error that says so (SPEC G4).
    if ((node.flags & DISPOSED) !== 0) continue
    node.value = entry.value
    node.changedAt = state.tick()
    if (node.subs !== null && (node.flags & UNANNOUNCED) === 0) {
      node.flags |= UNANNOUNCED
      state.unannounced.push(node)
    }
  }
}

/** Close the log; true when anything differs from before the batch. */
function commit(state: State): boolean {
  const { log } = state
  let changed = state.touched
  state.touched = false
  for (let entry = log.pop(); entry !== undefined; entry = log.pop()) {
    if (!entry.first) continue
    entry.node.flags &= ~LOGGED
    changed ||= !isEqual(entry.node, entry.value, entry.node.value)
  }
  return changed
}

function writeInView(view: View, node: Node, value: unknown): void {
  if (view.frozen) throw new TalosError('read_only', `${labelOf(node)} cannot be set in a snapshot.`)
  view.write(node, value)
}

function refuse(state: State, node: Node): void {
  if ((node.flags & DISPOSED) !== 0) throw new TalosError('disposed', `${labelOf(node)} was disposed.`)
  if (state.deriving && !state.writesInDerived) {
    throw new TalosError(
      'write_in_derived',
      `${labelOf(node)} was written while a derived value was being computed. Write in an effect or outside.`,
    )
  }
}

function rethrow(error: unknown): never {
  throw error
}
