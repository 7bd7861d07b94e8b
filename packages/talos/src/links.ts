/**
 * Back edges. They exist only below something that observes, so a dropped derived value is garbage
 * (SPEC L1).
 *
 *     consumer.trace = [d0, seen, d1, seen]
 *     consumer.edges = link(d0) ── nextEdge ──> link(d1)
 *                                                  │ in
 *     d1.subs = link(x) ── next ──> link(consumer)
 *
 * `prev` leads back, and from the first consumer to the last, where the next one is attached.
 *
 * All walks are iterative: cones may be a million deep.
 */
import { mark } from './mark.ts'
import { EFFECT, FORCE, INPUT, isCertain, KEPT, LINKED, Link, type Node, STALE, setStamp, stampOf } from './node.ts'
import type { State } from './state.ts'

/** Bring the edges of a linked node in line with its trace, which changed from `position` on. */
export function relink(state: State, node: Node, position: number): void {
  let kept: Link | null = null
  for (let at = 0; at < position; at++) kept = kept === null ? node.edges : kept.nextEdge
  let old = kept === null ? node.edges : kept.nextEdge
  if (kept === null && old !== null && isCertain(node)) lower(old.dep)
  const stale = append(state, node, position, kept)
  if (kept === null && node.edges !== null && isCertain(node)) raise(node.edges.dep)
  for (; old !== null; old = old.nextEdge) {
    detach(old)
    release(old.dep)
  }
  // A dependency already out of date when first linked was missed by the marking of its change.
  if (stale) mark(state, node)
}

/** Link a node, which nothing observes yet, and everything below it. */
export function link(state: State, root: Node): void {
  let pending: Node[] | undefined
  for (let node: Node | undefined = root; node !== undefined; node = pending?.pop()) {
    node.flags |= LINKED
    const current = stampOf(node) === state.clock
    if (!current) node.flags |= STALE
    let last: Link | null = null
    for (let at = 0; at < node.trace.length; at += 2) {
      const dependency = node.trace[at] as Node
      if ((dependency.flags & (LINKED | INPUT)) === 0) {
        dependency.flags |= LINKED
        pending ??= []
        pending.push(dependency)
        // What a current node read is current too, even if nobody asked it since it was last linked.
        if (current && (dependency.flags & FORCE) === 0) setStamp(dependency, state.clock)
      }
      last = attach(node, dependency, last)
    }
  }
}

/** Drop the back edges of a node, and of what only it kept linked. */
export function unlink(root: Node): void {
  let pending: Node[] | undefined
  for (let node: Node | undefined = root; node !== undefined; node = pending?.pop()) {
    let edge = node.edges
    if (edge !== null && isCertain(node)) lower(edge.dep)
    node.edges = null
    node.flags &= ~(LINKED | STALE)
    for (; edge !== null; edge = edge.nextEdge) {
      detach(edge)
      if (!isIdle(edge.dep)) continue
      pending ??= []
      pending.push(edge.dep)
    }
  }
}

/** Unlink a node if nothing needs it linked any more. */
export function release(node: Node): void {
  if (isIdle(node)) unlink(node)
}

function isIdle(node: Node): boolean {
  return node.subs === null && (node.flags & (LINKED | KEPT | EFFECT)) === LINKED
}

/** Add edges for the trace from `position` on, behind `last`; true if a dependency is stale. */
function append(state: State, node: Node, position: number, last: Link | null): boolean {
  const { trace } = node
  if (last === null) node.edges = null
  else last.nextEdge = null
  let stale = false
  for (let at = position * 2; at < trace.length; at += 2) {
    const dependency = trace[at] as Node
    if ((dependency.flags & (LINKED | INPUT)) === 0) link(state, dependency)
    last = attach(node, dependency, last)
    if ((dependency.flags & STALE) !== 0) stale = true
  }
  return stale
}

function attach(consumer: Node, dependency: Node, lastEdge: Link | null): Link {
  const first = dependency.subs
  const edge = new Link(dependency, consumer, first === null ? null : first.prev)
  if (first === null) dependency.subs = edge
  else {
    edge.prev.next = edge
    first.prev = edge
  }
  if (lastEdge === null) consumer.edges = edge
  else lastEdge.nextEdge = edge
  return edge
}

function detach(edge: Link): void {
  const { dep, prev, next } = edge
  const first = dep.subs as Link
  if (next === null) first.prev = prev
  else next.prev = prev
  if (edge === first) dep.subs = next
  else prev.next = next
}

/** A certain consumer reads this node first: count it, and pass certainty on when it is the first. */
function raise(dependency: Node): void {
  for (let node: Node | undefined = dependency; node !== undefined; node = node.edges?.dep) {
    if (node.certain++ > 0) return
  }
}

function lower(dependency: Node): void {
  for (let node: Node | undefined = dependency; node !== undefined; node = node.edges?.dep) {
    if (--node.certain > 0) return
  }
}
