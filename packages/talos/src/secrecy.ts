/**
 * Secret values: marked once, inherited by everything computed from them, never written or shown.
 *
 * The mark is looked up through what nodes read rather than copied, so it is right the moment an edge
 * appears or goes. A node that is safe to show although it reads a secret says so, with the reason.
 */
import { type Node, SECRET } from './node.ts'

/** What is shown in place of a secret value. */
export const REDACTED = '(secret)'

/**
 * Whether a node is secret: marked, or computed from a marked node without being declassified.
 *
 * @param known verdicts to reuse and extend when many nodes of one graph are asked about
 */
export function isSecret(root: Node, known: Map<Node, boolean> = new Map()): boolean {
  const path: { node: Node; at: number }[] = [{ node: root, at: 0 }]
  const open = new Set<Node>([root])
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    const { node } = top
    const below = node.trace[top.at] as Node | undefined
    let verdict = known.get(node)
    if (node.extra?.declassified !== undefined) verdict = false
    else if ((node.flags & SECRET) !== 0) verdict = true
    else if (below === undefined) verdict ??= false
    if (verdict === undefined && below !== undefined) {
      const deeper = known.get(below)
      if (deeper === true) verdict = true
      // Recorded edges of nodes out of date may close a circle: what is on the path is being looked at already.
      else if (deeper === false || open.has(below)) top.at += 2
      else {
        open.add(below)
        path.push({ node: below, at: 0 })
      }
    }
    if (verdict === undefined) continue
    known.set(node, verdict)
    open.delete(node)
    path.pop()
  }
  return known.get(root) === true
}
