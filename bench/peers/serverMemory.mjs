/** The MCP reference server over stdio: an entity per turn with its text as an observation. It finds what holds the whole query. */
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'

export async function open({ dir }) {
  const client = new Client({ name: 'caliber-bench', version: '0' })
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [
        '--import',
        new URL('./loopbackOnly.mjs', import.meta.url).href,
        fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-memory/dist/index.js')),
      ],
      env: { ...process.env, MEMORY_FILE_PATH: path.join(dir, 'memory.jsonl') },
      stderr: 'ignore',
    }),
  )
  const call = async (name, words) => {
    const answer = await client.callTool({ name, arguments: words })
    if (answer.isError) throw new Error(JSON.stringify(answer.content))
    return answer.structuredContent
  }
  const prefixOf = ({ id }) => `${id} `
  return {
    write: (conversation, { id, text }) =>
      call('create_entities', {
        entities: [{ name: prefixOf(conversation) + id, entityType: 'turn', observations: [text] }],
      }),
    async search(conversation, query) {
      const { entities } = await call('search_nodes', { query })
      const prefix = prefixOf(conversation)
      const own = entities.filter(({ name }) => name.startsWith(prefix))
      return own.slice(0, 10).map(({ name }) => name.slice(prefix.length))
    },
    close: () => client.close(),
  }
}
