/** What could run at the same time, and what the longest chain costs. */
import { nodeOf } from '../create.ts'
import { INPUT, labelOf, type Node } from '../node.ts'
import type { Profile } from './profile.ts'

export interface Plan {
  /** Labels of derived nodes that need nothing from each other, level by level. */
  readonly levels: readonly (readonly string[])[]
  /** The chain that bounds any schedule, from first to last. */
  readonly criticalPath: readonly string[]
  readonly criticalMs: number
  readonly totalMs: number
  /** Best possible speed-up with enough workers. */
  readonly speedup: number
}

/** Plan the nodes below `roots` from their recorded edges and measured self times. Runs nothing. */
export function plan(roots: Iterable<object>, measured: Pick<Profile, 'selfMs'>): Plan {
  const cost = new Map<Node, { height: number; endMs: number; via: Node | undefined }>()
  const pending = [...roots].map((root) => nodeOf(root))
  const open = new Set<Node>()
  let totalMs = 0
  while (pending.length > 0) {
    const node = pending.at(-1) as Node
    const below = node.trace.filter((_, at) => at % 2 === 0) as Node[]
    const missing = cost.has(node) ? [] : below.filter((dependency) => !cost.has(dependency) && !open.has(dependency))
    if (missing.length > 0) {
      open.add(node)
      pending.push(...missing.toReversed())
      continue
    }
    pending.pop()
    if (cost.has(node)) continue
    const ownMs = (node.flags & INPUT) !== 0 ? 0 : measured.selfMs(node)
    totalMs += ownMs
    let height = 0
    let via: Node | undefined
    for (const dependency of below) {
      const known = cost.get(dependency)
      if (known === undefined) continue
      height = Math.max(height, known.height + 1)
      if (known.endMs > ((via && cost.get(via)?.endMs) ?? -1)) via = dependency
    }
    cost.set(node, { height, endMs: ownMs + ((via && cost.get(via)?.endMs) ?? 0), via })
  }
  const levels: string[][] = []
  let last: Node | undefined
  for (const [node, { height, endMs }] of cost) {
    if ((node.flags & INPUT) !== 0) continue
    levels[height] ??= []
    levels[height].push(labelOf(node))
    if (last === undefined || endMs > (cost.get(last)?.endMs ?? 0)) last = node
  }
  const criticalMs = (last && cost.get(last)?.endMs) ?? 0
  const criticalPath: string[] = []
  for (let node = last; node !== undefined; node = cost.get(node)?.via)
    if ((node.flags & INPUT) === 0) criticalPath.unshift(labelOf(node))
  return {
    levels: levels.filter((level) => level !== undefined),
    criticalPath,
    criticalMs,
    totalMs,
    speedup: criticalMs > 0 ? totalMs / criticalMs : 1,
  }
}
