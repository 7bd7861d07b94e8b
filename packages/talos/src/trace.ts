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
import { EMPTY, LINKED } from './node.ts'
import type { State } from './state.ts'

export function track(state: State, node: Node): void {
  node.seenBy = state.runId
  const { cursor } = state
  const trace = (state.consumer as Node).trace
  if (cursor >= 0) {
    if (cursor < trace.length && trace[cursor] === node) {
      if (trace[cursor + 1] !== node.value) trace[cursor + 1] = node.value
      state.cursor = cursor + 2
      return
    }
    // From here on this run differs from the last one; the complement remembers where.
    state.cursor = ~cursor
  }
  state.reads[state.readsTop++] = node
  state.reads[state.readsTop++] = node.value
}

/** Make what the ending run read the node's trace, and its edges with it. `base` is where its reads start. */
export function commitTrace(state: State, node: Node, base: number): void {
  const { cursor } = state
  if (cursor < 0 || cursor !== node.trace.length) replaceTrace(state, node, base, cursor < 0 ? ~cursor : cursor)
}

/** Forget the reads of a run that was cut short. */
export function abandonTrace(state: State, base: number): void {
  const { reads } = state
  for (let at = base; at < state.readsTop; at++) reads[at] = undefined
  state.readsTop = base
}

function replaceTrace(state: State, node: Node, base: number, kept: number): void {
  const tail = takeReads(state.reads, base, state.readsTop)
  node.trace = kept === 0 ? tail : node.trace.slice(0, kept).concat(tail)
  abandonTrace(state, base)
  if ((node.flags & LINKED) !== 0) relink(state, node, kept >> 1)
}

function takeReads(reads: readonly unknown[], base: number, top: number): unknown[] {
  if (top === base) return EMPTY
  // Most nodes read one other; a literal is several times cheaper than a slice.
  return top === base + 2 ? [reads[base], reads[base + 1]] : reads.slice(base, top)
}
