import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const directory = await mkdtemp(join(tmpdir(), 'talos-agents-'))

// #region example
import { asyncDerived, createGraph } from '@caliber/talos'
import { fileStore, load, save, share } from '@caliber/talos/persist'

const store = fileStore(directory)
let calls = 0

/** Every agent process makes this; each distinct file is analysed once among all of them. */
const openAgent = async () => {
  const analyse = share(
    store,
    'analyse',
    async (source: string) => {
      calls++
      return { lines: source.split('\n').length }
    },
    { version: 1 },
  )
  const graph = createGraph()
  const source = graph.input('one\ntwo', { id: 'source', persist: true })
  const summary = graph.derived(() => `${source.get().length} characters`, { id: 'summary', persist: true, version: 1 })
  const analysis = asyncDerived(graph, async (t) => analyse(t.get(source)))
  await load(graph, store, 'review')
  return { graph, source, summary, analysis }
}

const first = await openAgent()
await first.analysis.get()
first.summary.get()
await save(first.graph, store, 'review')

const second = await openAgent()
const analysis = await second.analysis.get()
const summary = second.summary.get()
// #endregion
assert.deepEqual(analysis, { lines: 2 })
assert.equal(summary, '7 characters')
assert.equal(calls, 1)
assert.equal(second.graph.counters.recalled, 1)
await rm(directory, { recursive: true, force: true })
