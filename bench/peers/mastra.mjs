/** Mastra's memory on libSQL: a resource per conversation, a thread per session, recall by meaning over the resource. */
import path from 'node:path'
import { LibSQLStore, LibSQLVector } from '@mastra/libsql'
import { Memory } from '@mastra/memory'

export async function open({ dir, corpus }) {
  const url = `file:${path.join(dir, 'mastra.db')}`
  const storage = new LibSQLStore({ id: 'storage', url })
  const vector = new LibSQLVector({ id: 'vector', url })
  const memory = new Memory({
    storage,
    vector,
    embedder: embedderOf(corpus),
    options: { lastMessages: false, semanticRecall: { topK: 10, messageRange: 0, scope: 'resource' } },
  })
  const begun = new Set()
  const threadOf = ({ id }, { session }) => `${id} ${session}`
  return {
    async beforeWrite(conversation, unit) {
      const id = threadOf(conversation, unit)
      if (begun.has(id)) return
      begun.add(id)
      const now = new Date()
      await memory.saveThread({
        thread: { id, title: unit.session, resourceId: conversation.id, createdAt: now, updatedAt: now },
      })
    },
    write: (conversation, unit, number) =>
      memory.saveMessages({
        messages: [
          {
            id: `${conversation.id} ${unit.id}`,
            role: number % 2 === 0 ? 'user' : 'assistant',
            threadId: threadOf(conversation, unit),
            resourceId: conversation.id,
            createdAt: new Date(),
            content: { format: 2, parts: [{ type: 'text', text: unit.text }] },
          },
        ],
      }),
    async search(conversation, query) {
      const { messages } = await memory.recall({
        threadId: threadOf(conversation, conversation.units[0]),
        resourceId: conversation.id,
        vectorSearchString: query,
        perPage: 0,
      })
      return messages.map(({ id }) => id.slice(conversation.id.length + 1))
    },
    close: () => memory.settled(),
  }
}

function embedderOf({ vectorsOf }) {
  return {
    specificationVersion: 'v2',
    provider: 'lookup',
    modelId: 'all-MiniLM-L6-v2',
    maxEmbeddingsPerCall: 128,
    supportsParallelCalls: false,
    doEmbed: async ({ values }) => ({ embeddings: await vectorsOf(values), usage: { tokens: 0 } }),
  }
}
