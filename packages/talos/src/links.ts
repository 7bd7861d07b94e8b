/**
 * Back edges. They exist only while something observes a node, so a dropped derived value is garbage
 * (SPEC L1).
 *
 *     consumer.trace   = [d0, seen, d1, seen]        d1.links.subs      = [x, consumer]
 *     consumer.slots   = [ 4,       1       ]        d1.links.positions = [0, 1       ]
 *                                   |________________________________________^
 *
 * Removal swaps the last entry into the hole, so it costs the same for ten and for a million consumers.
 */
import { mark } from './mark.ts'
import { FORCE, INPUT, isCertain, Links, type Node, STALE, setStamp, stampOf } from './node.ts'
import type { State } from './state.ts'

/** Bring edges in line with a trace that changed from `position` on. */
export function relink(state: State, node: Node, before: readonly unknown[], position: number): void {
  const dropped: Node[] = []
  for (let at = position; at < before.length >> 1; at++) {
    const dependency = before[at * 2] as Node
    remove(node, at, dependency)
    if ((dependency.links as Links).subs.length === 0) dropped.push(dependency)
  }
  const links = node.links as Links
  links.slots.length = position
  let stale = false
  for (let at = position; at < node.trace.length >> 1; at++) {
    const dependency = node.trace[at * 2] as Node
    add(state, node, at, dependency)
    if ((dependency.flags & STALE) !== 0) stale = true
  }
  for (const dependency of dropped) release(dependency)
  // A dependency already out of date when first observed was missed by the marking of its change.
  if (stale) mark(state, node)
}

/** Start observing everything an effect reads. Effects own links from birth. */
export function observe(node: Node): void {
  node.links ??= new Links()
}

/** Stop observing: called for disposed effects. */
export function unobserve(node: Node): void {
  if (node.links !== null) deactivate(node)
}

/** Drop back edges of a node nothing observes any more. */
function release(node: Node): void {
  if (node.links !== null && node.links.subs.length === 0) deactivate(node)
}

function add(state: State, consumer: Node, position: number, dependency: Node): void {
  const links = dependency.links ?? activate(state, dependency)
  const own = consumer.links as Links
  own.slots[position] = links.subs.length
  links.subs.push(consumer)
  links.positions.push(position)
  if (position === 0 && isCertain(consumer)) raise(dependency)
}

function remove(consumer: Node, position: number, dependency: Node): void {
  if (position === 0 && isCertain(consumer)) lower(dependency)
  const { subs, positions } = dependency.links as Links
  const slot = (consumer.links as Links).slots[position] as number
  const lastSub = subs.pop() as Node
  const lastPosition = positions.pop() as number
  if (slot < subs.length) {
    subs[slot] = lastSub
    positions[slot] = lastPosition
    ;(lastSub.links as Links).slots[lastPosition] = slot
  }
}

/** Give a node and everything it read back edges. Iterative: cones may be a million deep. */
function activate(state: State, root: Node): Links {
  const links = new Links()
  root.links = links
  if ((root.flags & INPUT) !== 0) return links
  const pending = [root]
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    const current = stampOf(node) === state.clock
    if (!current) node.flags |= STALE
    const { trace } = node
    for (let at = 0; at < trace.length >> 1; at++) {
      const dependency = trace[at * 2] as Node
      if (dependency.links === null) {
        dependency.links = new Links()
        if ((dependency.flags & INPUT) === 0) pending.push(dependency)
        // What a current node read is current too, even if nobody asked it since it was last observed.
        if (current && (dependency.flags & FORCE) === 0) setStamp(dependency, state.clock)
      }
      add(state, node, at, dependency)
    }
  }
  return links
}

function deactivate(root: Node): void {
  const pending = [root]
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    const { trace } = node
    for (let at = 0; at < trace.length >> 1; at++) {
      const dependency = trace[at * 2] as Node
      remove(node, at, dependency)
      if ((dependency.links as Links).subs.length > 0) continue
      if ((dependency.flags & INPUT) !== 0) dependency.links = null
      else pending.push(dependency)
    }
    node.links = null
    node.flags &= ~STALE
  }
}

function raise(dependency: Node): void {
  for (let node: Node | undefined = dependency; node?.links != null; node = node.trace[0] as Node | undefined) {
    if (node.links.certain++ > 0) return
  }
}

function lower(dependency: Node): void {
  for (let node: Node | undefined = dependency; node?.links != null; node = node.trace[0] as Node | undefined) {
    if (--node.links.certain > 0) return
  }
}
