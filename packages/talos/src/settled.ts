/** Telling whether a result still holds, without running anything. */
import { FORCE, hasMoved, INPUT, LINKED, type Node, STALE, setStamp, stampOf } from './node.ts'
import type { State } from './state.ts'

/**
 * Whether a node is current and nothing below it is `excluded`, without running anything. Iterative;
 * `known` remembers verdicts.
 */
export function settled(
  state: State,
  root: Node,
  known: Map<Node, boolean> = new Map(),
  excluded: (node: Node) => boolean = () => false,
): boolean {
  const path: { node: Node; at: number }[] = [{ node: root, at: 0 }]
  // Recorded edges of nodes out of date may close a circle; whatever is in one does not hold.
  const open = new Set<Node>([root])
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    const { node } = top
    let verdict = known.get(node)
    if (verdict === undefined) {
      if (excluded(node) || (node.flags & FORCE) !== 0) verdict = false
      else if ((node.flags & INPUT) !== 0) verdict = true
      else if ((node.flags & LINKED) !== 0 && (node.flags & STALE) !== 0) verdict = false
      else {
        const below = node.trace[top.at] as Node | undefined
        if (below === undefined) {
          verdict = true
          setStamp(node, state.clock)
        } else if (known.get(below) === true || ((below.flags & INPUT) !== 0 && !excluded(below))) {
          if (hasMoved(below, node.trace[top.at + 1], stampOf(node))) verdict = false
          else top.at += 2
        } else if (known.get(below) === false) verdict = false
        else if (open.has(below)) verdict = false
        else {
          open.add(below)
          path.push({ node: below, at: 0 })
        }
      }
    }
    if (verdict === undefined) continue
    known.set(node, verdict)
    open.delete(node)
    path.pop()
  }
  return known.get(root) === true
}
