/**
 * Recording what a run read.
 *
 * A run compares each read with the same position of its previous trace; as long as they agree only a
 * cursor moves. From the first difference on, reads collect in a stack shared by all runs and become
 * the new tail when the run ends. A trace pairs each dependency with the value seen, so a dependency
 * that changed and changed back causes no run (SPEC C2).
 */
import { relink } from './links.ts'
import type { Node } from './node.ts'
import { EMPTY } from './node.ts'
import type { State } from './state.ts'

export function track(state: State, node: Node): void {
  node.seenBy = state.runId
  const { cursor } = state
  const trace = (state.consumer as Node).trace
  if (state.readsTop === state.readsBase && cursor < trace.length && trace[cursor] === node) {
    if (trace[cursor + 1] !== node.value) trace[cursor + 1] = node.value
    state.cursor = cursor + 2
  } else {
    state.reads[state.readsTop++] = node
    state.reads[state.readsTop++] = node.value
  }
}

/** Make what the ending run read the node's trace, and its edges with it. */
export function commitTrace(state: State, node: Node): void {
  const { cursor, readsBase, readsTop, reads } = state
  const before = node.trace
  if (readsTop === readsBase && cursor === before.length) return
  const after = readsTop === 0 && cursor === 0 ? EMPTY : reads.slice(readsBase, readsTop)
  const next = cursor === 0 ? after : before.slice(0, cursor).concat(after)
  reads.fill(undefined, readsBase, readsTop)
  state.readsTop = readsBase
  node.trace = next
  if (node.links !== null) relink(state, node, before, cursor >> 1)
}

/** Forget the reads of a run that was cut short. */
export function abandonTrace(state: State): void {
  state.reads.fill(undefined, state.readsBase, state.readsTop)
  state.readsTop = state.readsBase
}
