/** Asynchronous per-element computation of a collection. */
import type { Collection } from '../collections/keyed.ts'
import type { Key } from '../collections/tree.ts'
import type { Graph } from '../graph.ts'
import { type AsyncDerived, asyncDerived, type Tracker } from './asyncDerived.ts'
import { Gate } from './gate.ts'

export interface MapAsyncOptions {
  /** Elements under way at once. Default: no bound. */
  readonly concurrency?: number
}

/** Apply an asynchronous function to each element; only changed elements run again. */
export function mapAsync<K extends Key, V, U>(
  graph: Graph,
  source: Collection<K, V>,
  fn: (value: V, key: K, tracker: Tracker) => Promise<U>,
  { concurrency = Number.POSITIVE_INFINITY }: MapAsyncOptions = {},
): AsyncDerived<ReadonlyMap<K, U>> {
  const gate = new Gate(concurrency)
  const nodes = source.map((value, key) => asyncDerived(graph, (tracker) => fn(value, key, tracker), { gate }))
  return asyncDerived(graph, async (tracker) => {
    const entries = [...tracker.get(nodes)]
    const values = await Promise.all(entries.map(([, node]) => tracker.get(node)))
    return new Map(entries.map(([key], at) => [key, values[at] as U]))
  })
}
