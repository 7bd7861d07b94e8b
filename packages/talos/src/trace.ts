/**
 * Recording what a run read.
 *
 * A run compares each read with the same position of its previous trace; as long as they agree only a
 * cursor moves. At the first difference what agreed is copied to a stack shared by all runs, the rest
 * collects behind it, and the whole becomes the new trace when the run ends. A trace pairs each dependency
 * with the value seen, so a dependency that changed and changed back causes no run (SPEC C2).
 */
import { relink } from './links.ts'
import type { Node } from './node.ts'
import { EMPTY, LINKED } from './node.ts'
import type { State } from './state.ts'

export function track(state: State, node: Node): void {
  node.seenBy = state.runId
  const { cursor } = state
  const { trace } = state.consumer as Node
  if (cursor < 0 || cursor >= trace.length || trace[cursor] !== node) return collect(state, node, trace)
  trace[cursor + 1] = node.value
  state.cursor = cursor + 2
}

/** Make what the ending run read the node's trace, and its edges with it. `base` is where its reads start. */
export function commitTrace(state: State, node: Node, base: number): void {
  const { cursor } = state
  if (cursor < 0 || cursor !== node.trace.length) replaceTrace(state, node, base, cursor < 0 ? ~cursor : cursor)
}

/** Record a read that the last run did not make at this position. */
function collect(state: State, node: Node, trace: readonly unknown[]): void {
  const { cursor, reads } = state
  if (cursor >= 0) {
    // From here on this run differs from the last one; the complement remembers where.
    state.cursor = ~cursor
    // Shorter than the cursor if the node was disposed while it runs.
    const agreed = Math.min(cursor, trace.length)
    for (let at = 0; at < agreed; at++) reads[state.readsTop++] = trace[at]
  }
  reads[state.readsTop++] = node
  reads[state.readsTop++] = node.value
}

/** Forget the reads of a run that was cut short. */
export function abandonTrace(state: State, base: number): void {
  const { reads } = state
  for (let at = base; at < state.readsTop; at++) reads[at] = undefined
  state.readsTop = base
}

function replaceTrace(state: State, node: Node, base: number, kept: number): void {
  const { reads, readsTop } = state
  const { trace } = node
  const length = readsTop - base
  if (length === 0) node.trace = kept === 0 ? EMPTY : trace.slice(0, kept)
  else if (length === trace.length) for (let at = kept; at < length; at++) trace[at] = reads[base + at]
  // Most nodes read one other; a literal is several times cheaper than a slice.
  else node.trace = length === 2 ? [reads[base], reads[base + 1]] : reads.slice(base, readsTop)
  abandonTrace(state, base)
  if ((node.flags & LINKED) !== 0) relink(state, node, kept >> 1)
}
