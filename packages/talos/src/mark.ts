/**
 * Announcing changes to observed nodes.
 *
 * Two ways. `mark` makes everything observed above a change STALE and runs nothing. Cheaper is a probe:
 * a node certain to be needed is run first, and only if its value changed do its consumers hear of it,
 * so a cut-off shields any number of them (SPEC P3). A probe's consumers are unmarked meanwhile, hence
 * the rule: before trusting or running any other node, `settle` turns open probes into marks.
 */
import { EFFECT, isCertain, type Link, type Node, PROBED, RUNNING, STALE, UNANNOUNCED } from './node.ts'
import type { State } from './state.ts'

/** Make a node and everything observed above it stale. */
export function mark(state: State, node: Node): void {
  if ((node.flags & STALE) === 0) stain(state, node)
  markConsumers(state, node)
}

/** Make everything linked above a node stale. Stops at what already is. */
export function markConsumers(state: State, from: Node): void {
  const { pendingMarks } = state
  const base = pendingMarks.length
  let edge = from.subs
  for (;;) {
    for (; edge !== null; edge = edge.next) {
      const { sub } = edge
      // What is running reads what is new, and announces its own outcome.
      if ((sub.flags & (STALE | RUNNING)) !== 0) continue
      stain(state, sub)
      const above = sub.subs
      if (above === null) continue
      // Go straight up; what is left on this level waits.
      if (edge.next !== null) pendingMarks.push(edge.next)
      edge = above
      break
    }
    if (edge !== null) continue
    if (pendingMarks.length === base) return
    edge = pendingMarks.pop() as Link
  }
}

/**
 * Announce a changed node to its consumers, by probe where possible. Returns the node to probe next, if
 * it is the only one anywhere and the queue can be saved.
 */
export function spread(state: State, node: Node): Node | null {
  for (let edge = node.subs; edge !== null; edge = edge.next) {
    const { sub } = edge
    const { flags } = sub
    if ((flags & (STALE | RUNNING)) !== 0) continue
    stain(state, sub)
    if ((flags & EFFECT) !== 0) continue
    if (isCertain(sub)) {
      if (edge.next === null && state.probes.empty && state.unannounced.empty) return sub
      sub.flags |= PROBED
      state.probes.push(sub)
    } else if (sub.subs !== null) markConsumers(state, sub)
  }
  return null
}

/** Replace every unannounced change and open probe by marks. */
export function settle(state: State): void {
  const { unannounced, probes, probing } = state
  if (probing !== null) {
    state.probing = null
    markConsumers(state, probing)
  }
  for (let node = unannounced.shift(); node !== undefined; node = unannounced.shift()) {
    node.flags &= ~UNANNOUNCED
    markConsumers(state, node)
  }
  for (let node = probes.shift(); node !== undefined; node = probes.shift()) {
    node.flags &= ~PROBED
    if ((node.flags & (STALE | RUNNING)) !== 0) markConsumers(state, node)
  }
}

function stain(state: State, node: Node): void {
  node.flags |= STALE
  state.markCount++
  if ((node.flags & EFFECT) !== 0) state.effects.push(node)
}
