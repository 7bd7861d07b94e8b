/**
 * The invariants of the graph, verified by walking it. For tests and for doubting users; costs O(graph).
 *
 *   1. an edge a → b exists exactly when b read a during b's last run, at that position
 *   2. back edges exist exactly below observed nodes, and both directions agree
 *   3. a current observed node has no stale dependency, and everything above a stale node is stale
 *   4. certainty counts equal what the edges say
 *   5. nothing is running, walked or unannounced between operations
 */
import { nodeOf } from './create.ts'
import type { Graph } from './graph.ts'
import {
  EFFECT,
  INPUT,
  isCertain,
  KEPT,
  LINKED,
  type Link,
  labelOf,
  type Node,
  RUNNING,
  STALE,
  WALKING,
} from './node.ts'

export interface CheckReport {
  readonly nodes: number
  readonly edges: number
  readonly backEdges: number
  /** Empty when the graph is sound. */
  readonly problems: readonly string[]
}

/** Verify everything reachable from the given nodes, downwards by reads and upwards by observation. */
export function check(graph: Graph, roots: Iterable<object>): CheckReport {
  const problems: string[] = []
  const nodes = reachable(roots)
  let edges = 0
  let backEdges = 0
  for (const node of nodes) {
    edges += node.trace.length / 2
    for (let edge = node.subs; edge !== null; edge = edge.next) backEdges++
    problems.push(...problemsOf(node))
  }
  const { state } = graph
  if (state.depth > 0 || state.walk.length > 0 || state.readsTop > 0) problems.push('a run is still open')
  if (state.batchDepth === 0 && state.unannounced.size + state.effects.size > 0)
    problems.push('changes were not delivered')
  return { nodes: nodes.size, edges, backEdges, problems }
}

function reachable(roots: Iterable<object>): Set<Node> {
  const nodes = new Set<Node>()
  const pending = [...roots].map((root) => nodeOf(root))
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (nodes.has(node)) continue
    nodes.add(node)
    for (let at = 0; at < node.trace.length; at += 2) pending.push(node.trace[at] as Node)
    for (let edge = node.subs; edge !== null; edge = edge.next) pending.push(edge.sub)
  }
  return nodes
}

function* problemsOf(node: Node): Generator<string> {
  const label = labelOf(node)
  if ((node.flags & (RUNNING | WALKING)) !== 0) yield `${label} is marked as running`
  const subs = list(node.subs, 'next')
  const edges = list(node.edges, 'nextEdge')
  for (const [i, edge] of subs.entries()) {
    if (edge.dep !== node) yield `${label} lists an edge of ${labelOf(edge.dep)}`
    if (edge.prev !== subs.at(i - 1)) yield `${label} has a broken list of consumers`
    if (!edge.sub.trace.includes(node)) yield `${label} lists ${labelOf(edge.sub)}, which does not read it`
    if ((node.flags & STALE) !== 0 && (edge.sub.flags & STALE) === 0)
      yield `${labelOf(edge.sub)} is current above stale ${label}`
  }
  if ((node.flags & LINKED) === 0) {
    if (edges.length > 0 || subs.length > 0 !== ((node.flags & INPUT) !== 0 && subs.length > 0))
      yield `${label} has edges but is not linked`
    if ((node.flags & STALE) !== 0) yield `${label} is stale but not linked`
  } else {
    if (subs.length === 0 && (node.flags & (EFFECT | KEPT)) === 0) yield `${label} is linked for nobody`
    const read = node.trace.filter((_, i) => i % 2 === 0)
    if (edges.length !== read.length || edges.some((edge, i) => edge.dep !== read[i] || edge.sub !== node))
      yield `${label} has edges that differ from what it read`
  }
  const certain = subs.filter((edge) => edge.sub.edges === edge && isCertain(edge.sub)).length
  const counted = node.certain - ((node.flags & EFFECT) !== 0 ? 1 : 0)
  if (certain !== counted) yield `${label} counts ${counted} certain consumers of ${certain}`
}

function list(first: Link | null, next: 'next' | 'nextEdge'): Link[] {
  const links: Link[] = []
  for (let link = first; link !== null; link = link[next]) links.push(link)
  return links
}
