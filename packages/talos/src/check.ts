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
import { EFFECT, INPUT, isCertain, type Links, labelOf, type Node, RUNNING, STALE, WALKING } from './node.ts'

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
    backEdges += node.links?.subs.length ?? 0
    problems.push(...problemsOf(node))
  }
  const { state } = graph
  if (state.runs.length > 0 || state.walk.length > 0 || state.readsTop > 0) problems.push('a run is still open')
  if (state.batchDepth === 0 && state.unannounced.size + state.effects.size > 0)
    problems.push('changes were not delivered')
  return { nodes: nodes.size, edges, backEdges, problems }
}

function reachable(roots: Iterable<object>): Set<Node> {
  const nodes = new Set<Node>()
  const pending = [...roots].map((root) => nodeOf('node' in root ? (root.node as object) : root))
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (nodes.has(node)) continue
    nodes.add(node)
    for (let at = 0; at < node.trace.length; at += 2) pending.push(node.trace[at] as Node)
    pending.push(...(node.links?.subs ?? []))
  }
  return nodes
}

function* problemsOf(node: Node): Generator<string> {
  const label = labelOf(node)
  if ((node.flags & (RUNNING | WALKING)) !== 0) yield `${label} is marked as running`
  if (node.links === null) {
    if ((node.flags & STALE) !== 0) yield `${label} is stale but unobserved`
    return
  }
  yield* backEdgeProblems(node, node.links, label)
  if ((node.flags & INPUT) === 0) yield* forwardProblems(node, node.links, label)
  const certain = node.links.subs.filter((sub, i) => node.links?.positions[i] === 0 && isCertain(sub)).length
  if (certain !== node.links.certain) yield `${label} counts ${node.links.certain} certain consumers of ${certain}`
}

function* backEdgeProblems(node: Node, links: Links, label: string): Generator<string> {
  if (links.subs.length === 0 && (node.flags & EFFECT) === 0) yield `${label} has links but no consumer`
  for (const [slot, sub] of links.subs.entries()) {
    const position = links.positions[slot] as number
    if (sub.trace[position * 2] !== node) yield `${label} lists ${labelOf(sub)}, which does not read it there`
    if (sub.links?.slots[position] !== slot) yield `${labelOf(sub)} does not know its slot in ${label}`
    if ((node.flags & STALE) !== 0 && (sub.flags & STALE) === 0) yield `${labelOf(sub)} is current above stale ${label}`
  }
}

function* forwardProblems(node: Node, links: Links, label: string): Generator<string> {
  for (let at = 0; at < node.trace.length / 2; at++) {
    const dependency = node.trace[at * 2] as Node
    if (dependency.links?.subs[links.slots[at] as number] !== node)
      yield `${label} reads ${labelOf(dependency)} unseen by it`
  }
  if (links.slots.length !== node.trace.length / 2) yield `${label} has ${links.slots.length} slots`
}
