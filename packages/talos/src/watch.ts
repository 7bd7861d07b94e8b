/** Following a value as an async iterable. */
import type { Graph } from './graph.ts'
import type { Readable } from './handles.ts'

/**
 * Yield the current value, then each value that differs after a batch. A slow reader gets the newest and
 * skips those between. Ending the loop stops observing.
 */
export async function* watch<T>(graph: Graph, node: Readable<T>): AsyncGenerator<T, void, void> {
  let latest: { value: T } | { error: unknown } | undefined
  let wake: (() => void) | undefined
  using effect = graph.effect(() => {
    try {
      latest = { value: node.get() }
    } catch (error) {
      latest = { error }
    }
    wake?.()
  })
  while (!effect.disposed) {
    const next = latest
    latest = undefined
    if (next === undefined) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
      continue
    }
    if ('error' in next) throw next.error
    yield next.value
  }
}
