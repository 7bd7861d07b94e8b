/**
 * LangGraph's PostgresStore, with pgvector on PGlite behind its socket: the bundled native Postgres has no pgvector. By
 * words alone (`text`) it needs none and runs there.
 */
import { PGlite } from '@electric-sql/pglite'
import { vector } from '@electric-sql/pglite-pgvector'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import { PostgresStore } from '@langchain/langgraph-checkpoint-postgres/store'
import { startCluster } from '../../packages/caliber/dist/db/native/cluster.js'

/** @param mode of search: `vector`, `hybrid`, `text` */
export async function open({ dir, corpus, mode }) {
  const database = mode === 'text' ? await startNative(dir) : await startEmbedded(dir)
  const index = { dims: corpus.embedder.dimensions, embed: corpus.vectorsOf, fields: ['text'] }
  const store = new PostgresStore({
    connectionOptions: { connectionString: database.url, max: 1 },
    ...(mode !== 'text' && { index }),
  })
  await store.setup()
  return {
    write: ({ id: conversation }, { id, text }) => store.put([conversation], id, { text }),
    async search({ id }, query) {
      return (await store.search([id], { query, mode, limit: 10 })).map(({ key }) => key)
    },
    async close() {
      await store.stop()
      await database.close()
    },
  }
}

async function startNative(dataDir) {
  const cluster = await startCluster({ dataDir })
  return { url: cluster.adminUrl, close: () => cluster.stop() }
}

async function startEmbedded(dataDir) {
  const db = await PGlite.create({ dataDir, extensions: { vector } })
  const server = new PGLiteSocketServer({ db, host: '127.0.0.1', port: 0 })
  await server.start()
  return {
    url: `postgres://postgres:postgres@${server.getServerConn()}/postgres`,
    async close() {
      await server.stop()
      await db.close()
    },
  }
}
