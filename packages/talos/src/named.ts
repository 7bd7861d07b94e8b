/** Nodes that stores know by name. Held weakly: a name keeps nothing alive. */
import { TalosError } from './errors.ts'
import type { Node } from './node.ts'

export class Names {
  readonly #nodes = new Map<string, WeakRef<Node>>()
  /** Memos by name: make the node of an entry that a store remembers. */
  readonly memos: Map<string, (args: readonly unknown[]) => Node> = new Map()

  /** @throws TalosError `duplicate_id` if a live node has the name */
  add(id: string, node: Node): void {
    if (this.get(id) !== undefined) throw new TalosError('duplicate_id', `Two nodes are called ${id}.`, { id })
    this.#nodes.set(id, new WeakRef(node))
  }

  get(id: string): Node | undefined {
    return this.#nodes.get(id)?.deref()
  }

  remove(id: string): void {
    this.#nodes.delete(id)
  }

  *all(): Generator<[string, Node]> {
    for (const [id, reference] of this.#nodes) {
      const node = reference.deref()
      if (node === undefined) this.#nodes.delete(id)
      else yield [id, node]
    }
  }
}
