/**
 * A summary of a growing sequence, as a tree of summaries: a leaf for each part of the sequence, a node for each eight nodes
 * below it. A part that changes makes the nodes above it anew, one on each level, and no others.
 *
 *     level 2                 [0 ───────────────────────── 63]   the top of 20 leaves
 *     level 1      [0 ─ 7]        [8 ─ 15]        [16 ─ 19]      the last one grows
 *     level 0   leaf leaf …     leaf leaf …      leaf leaf …
 */
import { type AsyncDerived, asyncDerived, type Derived, type Graph, type Readable, type Tracker } from '@caliber/talos'

/** An item, or a value with how it was made when its text was taken. */
export interface Source {
  readonly id: string
  readonly action?: string
}

/** A summary, or what is short enough to stand for itself. */
export interface Part {
  readonly text: string
  /** What it is made of, as far as that has ids: items, and values that are kept. */
  readonly sources: readonly Source[]
}

export interface SummaryTreeParts {
  /** How many leaves there are. */
  readonly leaves: Readable<number>
  leaf(index: number): AsyncDerived<Part>
  /** Make one part of several; asked again when one of them has changed. */
  join(place: string, parts: readonly Part[], signal: AbortSignal): Promise<Part>
}

export const childrenPerNode = 8
export const nothing: Part = { text: '', sources: [] }

export class SummaryTree {
  readonly #graph: Graph
  readonly #parts: SummaryTreeParts
  readonly #nodes = new Map<string, AsyncDerived<Part>>()
  readonly #height: Derived<number | undefined>
  /** The summary of everything; of no text for a sequence of nothing. */
  readonly top: AsyncDerived<Part>

  constructor(graph: Graph, parts: SummaryTreeParts) {
    this.#graph = graph
    this.#parts = parts
    this.#height = graph.derived(() => heightOf(parts.leaves.get()))
    this.top = asyncDerived(graph, async (t) => {
      const height = t.get(this.#height)
      return height === undefined ? nothing : t.get(this.#node(height, 0))
    })
  }

  /** The fewest nodes over so many of the first leaves, in their order. Nothing that comes after those changes them. */
  first(leaves: number): readonly AsyncDerived<Part>[] {
    const nodes: AsyncDerived<Part>[] = []
    let at = 0
    for (let level = heightOf(leaves) ?? 0; at < leaves; level -= 1) {
      const width = childrenPerNode ** level
      for (; at + width <= leaves; at += width) nodes.push(this.#node(level, at / width))
    }
    return nodes
  }

  #node(level: number, index: number): AsyncDerived<Part> {
    if (level === 0) return this.#parts.leaf(index)
    const place = `${level}/${index}`
    const node = this.#nodes.get(place) ?? this.#newNode(level, index, place)
    this.#nodes.set(place, node)
    return node
  }

  #newNode(level: number, index: number, place: string): AsyncDerived<Part> {
    const { leaves } = this.#parts
    // Full nodes hear nothing of the sequence's growth.
    const width = this.#graph.derived(() => {
      const below = Math.ceil(leaves.get() / childrenPerNode ** (level - 1))
      return Math.min(childrenPerNode, below - index * childrenPerNode)
    })
    return asyncDerived(this.#graph, async (t: Tracker) => {
      const children = Array.from({ length: t.get(width) }, (_, i) =>
        this.#node(level - 1, index * childrenPerNode + i),
      )
      const parts: Part[] = []
      for (const part of await Promise.all(children.map((child) => t.get(child))))
        if (part.text !== '') parts.push(part)
      const [only] = parts
      if (parts.length < 2) return only ?? nothing
      return this.#parts.join(place, parts, t.signal)
    })
  }
}

/** Undefined for no leaves. */
function heightOf(leaves: number): number | undefined {
  if (leaves === 0) return undefined
  let height = 0
  for (let width = leaves; width > 1; width = Math.ceil(width / childrenPerNode)) height += 1
  return height
}
