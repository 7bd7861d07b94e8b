import assert from 'node:assert/strict'
// #region example
import { asyncDerived, createGraph } from '@caliber/talos'

const graph = createGraph()
const query = graph.input('cats')
const page = graph.input(1)

/** Reads through the tracker count before and after any await; a superseded run is aborted. */
const results = asyncDerived(graph, async (t) => {
  const text = t.get(query)
  await new Promise((resolve) => setTimeout(resolve, 1))
  t.signal.throwIfAborted()
  return `${text}, page ${t.get(page)}`
})

const seen: string[] = []
const effect = graph.effect(() => {
  const state = results.state.get()
  seen.push(state.kind === 'ready' ? state.value : `${state.kind}…`)
})
query.set('dogs')
const answer = await results.get()
page.set(2)
const next = await results.get()
effect.dispose()
// #endregion
assert.equal(answer, 'dogs, page 1')
assert.equal(next, 'dogs, page 2')
assert.equal(seen.at(-1), 'dogs, page 2')
assert.ok(!seen.some((text) => text.startsWith('cats')))
