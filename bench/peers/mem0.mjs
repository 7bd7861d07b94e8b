/**
 * mem0 with `infer: false`, no model asked: its own store in SQLite, by meaning, words and names. `better-sqlite3` compiles
 * at install, so the lockfile puts `libsql` in its place, which has the same interface and comes compiled.
 */
import { createRequire } from 'node:module'
import path from 'node:path'

const require = createRequire(import.meta.url)
giveBuffers(require('better-sqlite3'))
// As a CommonJS module: as an ES module it cannot load `compromise`, by which it finds names.
const { Memory } = require('mem0ai/oss')

export async function open({ dir, corpus }) {
  const { vectorsOf, embedder } = corpus
  const memory = new Memory({
    embedder: {
      provider: 'langchain',
      config: { model: { embedQuery: async (text) => (await vectorsOf([text]))[0], embedDocuments: vectorsOf } },
    },
    llm: {
      provider: 'langchain',
      config: { model: { invoke: () => Promise.reject(new Error('There is no model to ask.')) } },
    },
    vectorStore: {
      provider: 'memory',
      config: { collectionName: 'memories', dimension: embedder.dimensions, dbPath: path.join(dir, 'vectors.db') },
    },
    historyStore: { provider: 'sqlite', config: { historyDbPath: path.join(dir, 'history.db') } },
  })
  return {
    write: ({ id }, unit, number) =>
      memory.add([{ role: number % 2 === 0 ? 'user' : 'assistant', content: unit.text }], {
        userId: id,
        infer: false,
        metadata: { unit: unit.id },
      }),
    async search({ id }, query) {
      const { results } = await memory.search(query, { filters: { user_id: id }, topK: 10 })
      return results.map(({ metadata }) => metadata.unit)
    },
    close: () => undefined,
  }
}

/** Where the interfaces differ: `libsql` gives an ArrayBuffer for what mem0 reads as a Buffer. Nothing is copied. */
function giveBuffers(Database) {
  const statements = Object.getPrototypeOf(new Database(':memory:').prepare('select 1'))
  const { all, get } = statements
  const withBuffers = (row) => {
    for (const name in row) if (row[name] instanceof ArrayBuffer) row[name] = Buffer.from(row[name])
    return row
  }
  statements.all = function (...words) {
    return all.apply(this, words).map(withBuffers)
  }
  statements.get = function (...words) {
    return withBuffers(get.apply(this, words))
  }
}
