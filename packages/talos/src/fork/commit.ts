/**
 * Making what a fork assumed real.
 *
 * Its sets become sets of the parent, in one batch. Results the fork computed and that still hold are
 * handed over with the values they saw, so the parent verifies them by comparison and runs nothing
 * (SPEC W5).
 */
import { TalosError } from '../errors.ts'
import { relink } from '../links.ts'
import { FAILED, Failure, FORCE, INPUT, isEqual, LINKED, labelOf, NEVER, type Node, UNANNOUNCED } from '../node.ts'
import type { State } from '../state.ts'
import type { Overlay } from './view.ts'

/** Hand pins and results to the parent view. */
export function commitOverlay(overlay: Overlay): void {
  const { state, pins, shadows, parent } = overlay
  for (const node of pins.keys()) {
    if ((node.flags & INPUT) === 0 && node.extra?.put === undefined && parent === null)
      throw new TalosError('pinned_derived', `${labelOf(node)} is derived and pinned; unpin it before the commit.`)
  }
  const valid = [...shadows].filter(([, shadow]) => overlay.holds(shadow))
  const results = new Map(valid)
  for (const [node, pin] of pins) {
    if (parent !== null) parent.pin(node, pin.value)
    else node.set(pin.value)
  }
  for (const [node, shadow] of results) {
    if (parent === null) adopt(state, node, shadow)
    else parent.inherit(node, shadow)
  }
  pins.clear()
  shadows.clear()
}

/** Take over a result as if it had been computed here. Its trace is confirmed on the next read. */
function adopt(state: State, node: Node, shadow: Node): void {
  const { clock } = state
  node.trace = shadow.trace.map((item, at) => (at % 2 === 0 ? ((item as Node).extra?.origin ?? item) : item))
  if ((node.flags & LINKED) !== 0) relink(state, node, 0)
  if (node.changedAt === 0 || !sameOutcome(node, shadow)) {
    node.value = shadow.value
    node.changedAt = clock
  }
  const failed = node.value instanceof Failure
  node.flags = failed ? node.flags | FAILED : node.flags & ~FAILED
  node.flags &= ~FORCE
  node.verifiedAt = NEVER
  if (failed) (node.value as Failure).verifiedAt = clock - 1
  else node.verifiedAt = clock - 1
  if (node.subs !== null && (node.flags & UNANNOUNCED) === 0) {
    node.flags |= UNANNOUNCED
    state.unannounced.push(node)
  }
}

function sameOutcome(node: Node, shadow: Node): boolean {
  const { value } = node
  if (value instanceof Failure) return shadow.value instanceof Failure && Object.is(value.error, shadow.value.error)
  return isEqual(node, value, shadow.value)
}
