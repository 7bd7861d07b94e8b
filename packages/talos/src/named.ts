/** Nodes that stores know by name. A named node stays until disposed; memo entries are held weakly. */
import { TalosError } from './errors.ts'
import type { Node } from './node.ts'

export class Names {
  readonly #nodes = new Map<string, Node | WeakRef<Node>>()
  /** Memos by name: make the node of an entry that a store remembers. */
  readonly memos: Map<string, (args: readonly unknown[]) => Node> = new Map()

  /** @throws TalosError `duplicate_id` if a live node has the name */
  add(id: string, node: Node): void {
    if (this.get(id) !== undefined) throw new TalosError('duplicate_id', `Two nodes are called ${id}.`, { id })
    this.#nodes.set(id, node)
  }

  /** Let a named node go when nothing else holds it. */
  weaken(id: string): void {
    const node = this.get(id)
    if (node !== undefined) this.#nodes.set(id, new WeakRef(node))
  }

  get(id: string): Node | undefined {
    const known = this.#nodes.get(id)
    return known instanceof WeakRef ? known.deref() : known
  }

  remove(id: string): void {
    this.#nodes.delete(id)
  }

  *all(): Generator<[string, Node]> {
    for (const id of this.#nodes.keys()) {
      const node = this.get(id)
      if (node === undefined) this.#nodes.delete(id)
      else yield [id, node]
    }
  }
}
