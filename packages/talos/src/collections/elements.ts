/**
 * The per-element stage below map, filter and group.
 *
 * Each changed element is computed in a node of its own. If it read nothing, only its value is kept; if
 * it read other nodes, the node stays and is read by the stage, so that its own dependencies count too.
 * A failing element fails readers of the result, not the stage: the others keep what they have.
 */
import { createDerived } from '../create.ts'
import type { Graph } from '../graph.ts'
import { untracked } from '../graph.ts'
import type { Derived, Readable } from '../handles.ts'
import { EMPTY, type Node } from '../node.ts'
import type { Key, Root } from './tree.ts'
import * as tree from './tree.ts'

interface State<K extends Key, V, U> {
  readonly source: Root<K, V>
  readonly out: Root<K, U>
  /** Elements that read other nodes. */
  readonly live: Root<K, Derived<U>>
  readonly failed: Root<K, { readonly error: unknown }>
}

export function elements<K extends Key, V, U>(
  graph: Graph,
  source: Readable<Root<K, V>>,
  fn: (value: V, key: K) => U,
): Derived<Root<K, U>> {
  const stage = graph.derived<State<K, V, U>>((previous) => {
    const root = source.get()
    const edit = new Edit(graph, previous)
    tree.diff(previous?.source, root, (key, _before, after) => {
      if (after === undefined) edit.remove(key)
      else edit.compute(key, after.value, fn)
    })
    edit.refresh()
    return edit.finish(root, previous)
  })
  return graph.derived(() => {
    const { out, failed } = stage.get()
    for (const [, { error }] of tree.entries(failed)) throw error
    return out
  })
}

class Edit<K extends Key, V, U> {
  #out: Root<K, U>
  #live: Root<K, Derived<U>>
  #failed: Root<K, { readonly error: unknown }>
  readonly #graph: Graph

  constructor(graph: Graph, previous: State<K, V, U> | undefined) {
    this.#graph = graph
    this.#out = previous?.out
    this.#live = previous?.live
    this.#failed = previous?.failed
  }

  remove(key: K): void {
    this.#out = tree.remove(this.#out, key)
    this.#live = tree.remove(this.#live, key)
    this.#failed = tree.remove(this.#failed, key)
  }

  compute(key: K, value: V, fn: (value: V, key: K) => U): void {
    const element = createDerived(this.#graph.state, () => fn(value, key))
    untracked(this.#graph.state, () => this.#take(key, element))
    const { view } = this.#graph.state
    const node = element as unknown as Node
    const read = (view === null ? node : view.resolve(node)).trace !== EMPTY
    this.#live = read ? tree.set(this.#live, key, element) : tree.remove(this.#live, key)
  }

  /** Read every element that depends on more than itself, which records it as a dependency of the stage. */
  refresh(): void {
    for (const [key, element] of tree.entries(this.#live)) this.#take(key, element)
  }

  finish(source: Root<K, V>, previous: State<K, V, U> | undefined): State<K, V, U> {
    const next = { source, out: this.#out, live: this.#live, failed: this.#failed }
    if (previous === undefined || previous.source !== source) return next
    const same = previous.out === next.out && previous.live === next.live && previous.failed === next.failed
    return same ? previous : next
  }

  #take(key: K, element: Derived<U>): void {
    try {
      this.#out = tree.set(this.#out, key, element.get())
      this.#failed = tree.remove(this.#failed, key)
    } catch (error) {
      this.#out = tree.remove(this.#out, key)
      if (tree.get(this.#failed, key)?.error !== error) this.#failed = tree.set(this.#failed, key, { error })
    }
  }
}
