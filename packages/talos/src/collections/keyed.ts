/**
 * Keyed collections: map, filter, group and fold whose work follows the change.
 *
 * A stage keeps, inside its own value, the source version it last saw; a run compares the two versions
 * and touches only keys that differ. Because that state is a value like any other, stages work the same
 * in batches, forks and snapshots. Iteration is in ascending key order (SPEC K2).
 */
import { TalosError } from '../errors.ts'
import type { Graph } from '../graph.ts'
import type { Derived, Readable } from '../handles.ts'
import type { Memo } from '../memo.ts'
import { elements } from './elements.ts'
import type { Key, Root } from './tree.ts'
import * as tree from './tree.ts'

export interface Collection<K extends Key, V> extends Readable<ReadonlyMap<K, V>> {
  /** The value under a key, as a node of its own: its readers hear of nothing else. */
  at(key: K): Derived<V | undefined>
  readonly size: Derived<number>
  /** Apply `fn` to each element; it runs again only for elements that changed or whose own reads did. */
  map<U>(fn: (value: V, key: K) => U): Collection<K, U>
  filter(keep: (value: V, key: K) => boolean): Collection<K, V>
  /** Split by the key `groupOf` gives; empty groups vanish. */
  group<G extends Key>(groupOf: (value: V, key: K) => G): Collection<G, ReadonlyMap<K, V>>
  /** Combine all elements; `remove` must undo `add`, in any order. Both must be pure. */
  fold<A>(initial: A, add: (sum: A, value: V, key: K) => A, remove: (sum: A, value: V, key: K) => A): Derived<A>
}

export interface CollectionInput<K extends Key, V> extends Collection<K, V> {
  set(key: K, value: V): void
  delete(key: K): void
  clear(): void
}

/** Create a collection that is edited key by key. */
export function collection<K extends Key, V>(
  graph: Graph,
  initial: Iterable<readonly [K, V]> = [],
): CollectionInput<K, V> {
  let root: Root<K, V>
  for (const [key, value] of initial) root = tree.set(root, checked(key), value)
  const input = graph.input<Root<K, V>>(root)
  return Object.assign(new Stage<K, V>(graph, input), {
    set: (key: K, value: V) => input.update((root) => tree.set(root, checked(key), value)),
    delete: (key: K) => input.update((root) => tree.remove(root, key)),
    clear: () => input.set(undefined),
  })
}

export interface KeyedOptions {
  /** Two elements with one key: the later replaces the earlier, or the collection fails. Default `error`. */
  readonly duplicates?: 'last' | 'error'
}

/** View a list as a collection. Costs a pass over the list per change; the stages behind it cost only what changed. */
export function keyed<K extends Key, E>(
  graph: Graph,
  list: Readable<Iterable<E>>,
  keyOf: (element: E) => K,
  { duplicates = 'error' }: KeyedOptions = {},
): Collection<K, E> {
  const root = graph.derived<Root<K, E>>((previous) => {
    const seen = new Set<K>()
    let next = previous
    for (const element of list.get()) {
      const key = checked(keyOf(element))
      if (seen.has(key) && duplicates === 'error')
        throw new TalosError('duplicate_key', `Two elements have the key ${JSON.stringify(key)}.`, { key })
      seen.add(key)
      next = tree.set(next, key, element)
    }
    if (next !== undefined && next.size > seen.size)
      for (const [key] of tree.entries(next)) if (!seen.has(key)) next = tree.remove(next, key)
    return next
  })
  return new Stage(graph, root)
}

class Stage<K extends Key, V> implements Collection<K, V> {
  readonly id = undefined
  readonly #graph: Graph
  readonly #root: Readable<Root<K, V>>
  readonly node: Derived<ReadonlyMap<K, V>>
  readonly #at: Memo<[K], V | undefined>

  constructor(graph: Graph, root: Readable<Root<K, V>>) {
    this.#graph = graph
    this.#root = root
    this.node = graph.derived(() => new Map(tree.entries(root.get())))
    this.#at = graph.memo((key: K) => tree.get(root.get(), key))
  }

  get(): ReadonlyMap<K, V> {
    return this.node.get()
  }

  peek(): ReadonlyMap<K, V> {
    return this.node.peek()
  }

  at(key: K): Derived<V | undefined> {
    return this.#at.node(key)
  }

  get size(): Derived<number> {
    return this.#graph.derived(() => this.#root.get()?.size ?? 0)
  }

  map<U>(fn: (value: V, key: K) => U): Collection<K, U> {
    return new Stage(this.#graph, elements(this.#graph, this.#root, fn))
  }

  filter(keep: (value: V, key: K) => boolean): Collection<K, V> {
    const verdicts = elements(this.#graph, this.#root, (value, key) => ({ value, keep: keep(value, key) }))
    return new Stage(
      this.#graph,
      this.#follow<{ value: V; keep: boolean }, Root<K, V>>(verdicts, undefined, (out, key, before, after) =>
        after?.keep === true ? tree.set(out, key, after.value) : before?.keep === true ? tree.remove(out, key) : out,
      ),
    )
  }

  group<G extends Key>(groupOf: (value: V, key: K) => G): Collection<G, ReadonlyMap<K, V>> {
    const graph = this.#graph
    const members = elements(graph, this.#root, (value, key) => ({ value, group: checked(groupOf(value, key)) }))
    type Groups = Root<G, Root<K, V>>
    const groups = this.#follow<{ value: V; group: G }, Groups>(members, undefined, (out, key, before, after) => {
      let next = out
      if (before !== undefined && before.group !== after?.group) {
        const rest = tree.remove(tree.get(next, before.group), key)
        next = rest === undefined ? tree.remove(next, before.group) : tree.set(next, before.group, rest)
      }
      return after === undefined
        ? next
        : tree.set(next, after.group, tree.set(tree.get(next, after.group), key, after.value))
    })
    return new Stage(
      graph,
      elements(graph, groups, (members) => new Map(tree.entries(members)) as ReadonlyMap<K, V>),
    )
  }

  fold<A>(initial: A, add: (sum: A, value: V, key: K) => A, remove: (sum: A, value: V, key: K) => A): Derived<A> {
    return this.#follow<V, A>(this.#root, initial, (sum, key, before, after, was, is) => {
      const less = was ? remove(sum, before as V, key) : sum
      return is ? add(less, after as V, key) : less
    })
  }

  /** A value brought up to date by the differences between source versions. */
  #follow<W, A>(
    source: Readable<Root<K, W>>,
    initial: A,
    step: (out: A, key: K, before: W | undefined, after: W | undefined, was: boolean, is: boolean) => A,
  ): Derived<A> {
    const state = this.#graph.derived<{ source: Root<K, W>; out: A }>((previous) => {
      const root = source.get()
      if (previous !== undefined && previous.source === root) return previous
      let out = previous === undefined ? initial : previous.out
      tree.diff(previous?.source, root, (key, before, after) => {
        out = step(out, key, before?.value, after?.value, before !== undefined, after !== undefined)
      })
      return { source: root, out }
    })
    return this.#graph.derived(() => state.get().out)
  }
}

function checked<K extends Key>(key: K): K {
  if (typeof key === 'string' || (typeof key === 'number' && !Number.isNaN(key))) return key
  throw new TalosError('invalid_argument', 'Keys of a collection are strings, or numbers other than NaN.')
}
