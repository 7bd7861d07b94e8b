import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, type ClientOptions } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio'
import { afterEach, describe, expect, test } from 'vitest'
import { limits } from '../../domain/limits.ts'
import type { Dispatch } from '../../operations/dispatch.ts'
import { serveStdio } from './stdio.ts'
import { anna, bert, contextText, recording } from './testing/recording.ts'
import { tools } from './tools.ts'

const revisions = ['2025-11-25', '2026-07-28'] as const

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

describe.each(revisions)('an official client that speaks %s over pipes', (revision) => {
  test('lists the tools, gets a context, and is refused with our words', async () => {
    const { client, calls } = await connected(revision)
    expect(client.getServerVersion()).toMatchObject({ name: 'caliber', version: '9.9.9' })
    expect((await client.listTools()).tools).toHaveLength(tools.length)
    const context = await client.callTool({ name: 'context_assemble', arguments: { query: 'where' } })
    expect(context.content).toEqual([{ type: 'text', text: contextText }])
    const refused = await client.callTool({ name: 'memory_search', arguments: {} })
    expect(refused).toMatchObject({ isError: true, content: [{ text: expect.stringMatching(/^invalid_input: /) }] })
    await expect(client.callTool({ name: 'note_forget' })).rejects.toMatchObject({ code: -32602 })
    expect(calls.map(({ operation }) => operation)).toEqual(['context.assemble', 'memory.search'])
  })

  test('sends a chunk near the limit; one over it is refused and the connection lives', async () => {
    const { client, calls, stderr } = await connected(revision)
    const near = { source: 'a', text: 'x'.repeat(limits.requestBytes - 2_000) }
    await client.callTool({ name: 'transcript_import', arguments: near })
    expect(calls[0]?.input).toEqual(near)
    const over = { source: 'a', text: 'x'.repeat(limits.requestBytes) }
    const refused = client.callTool({ name: 'transcript_import', arguments: over })
    await expect(refused).rejects.toMatchObject({ code: -32600, message: expect.stringContaining('16777216 octets') })
    const answer = await client.callTool({ name: 'memory_search', arguments: { query: 'x' } })
    expect(answer.structuredContent).toEqual({ items: [], eventSeq: 1 })
    expect(stderr()).toContain('16777216 octets')
  })

  test('goes away mid-call: the server waits for the call and is done', async () => {
    const { client, hangUp, served, calls } = await connected(revision)
    const call = client.callTool({ name: 'memory_search', arguments: { query: 'slow' } }).catch(() => 'unanswered')
    await sleep(50)
    hangUp()
    const from = performance.now()
    await served
    expect(performance.now() - from).toBeGreaterThan(150)
    expect(calls).toHaveLength(1)
    await client.close()
    expect(await call).toBe('unanswered')
  })
})

test('two servers in one process keep their principals apart', async () => {
  const [a, b] = await Promise.all([connected('2025-11-25'), connected('2026-07-28', bert)])
  const search = { name: 'memory_search', arguments: { query: 'slow' } }
  const answers = await Promise.all([a.client.callTool(search), b.client.callTool(search)])
  expect(answers.map(({ structuredContent }) => structuredContent)).toMatchObject([{ eventSeq: 1 }, { eventSeq: 2 }])
  expect(a.calls[0]?.principal).toBe(anna)
  expect(b.calls[0]?.principal).toBe(bert)
})

test('a defect is logged under the id that the client is told, on standard error', async () => {
  const { client, stderr } = await connected('2025-11-25')
  const result = await client.callTool({ name: 'memory_search', arguments: { query: 'defect' } })
  const [, requestId] = /\(request ([0-9a-f-]+)\)/.exec(JSON.stringify(result.content)) ?? []
  expect(requestId).toBeDefined()
  expect(stderr()).toContain(`request ${requestId}: Error: secret`)
  expect(JSON.stringify(result)).not.toContain('secret')
})

describe('a process of its own', () => {
  test('serves the official client, and its output is protocol alone', async () => {
    const transport = new StdioClientTransport({ command: process.execPath, args: [...program], stderr: 'pipe' })
    const client = new Client({ name: 'test', version: '1' })
    const noise =
      transport.stderr instanceof PassThrough ? text(transport.stderr) : Promise.reject(new Error('no stderr'))
    await client.connect(transport)
    const result = await client.callTool({ name: 'memory_search', arguments: { query: 'x' } })
    expect(result.structuredContent).toEqual({ operation: 'memory.search', input: { query: 'x' } })
    await client.close()
    expect(await noise).toContain('a stray line')
  })

  test.each(['SIGTERM', 'SIGINT'] as const)('ends with 0 on %s', async (signal) => {
    const child = spawn(process.execPath, program, { stdio: ['pipe', 'pipe', 'ignore'] })
    child.stdin.write(initialize)
    await once(child.stdout, 'data')
    child.kill(signal)
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  test('ends with 0 when its input ends, having answered line by line', async () => {
    const child = spawn(process.execPath, program, { stdio: ['pipe', 'pipe', 'ignore'] })
    child.stdin.write(`hello\n${initialize}`)
    const lines: string[] = []
    child.stdout.on('data', (chunk) => void lines.push(...String(chunk).trim().split('\n')))
    while (lines.length < 2) await once(child.stdout, 'data')
    child.stdin.end()
    expect(await once(child, 'exit')).toEqual([0, null])
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { jsonrpc: '2.0', id: null, error: { code: -32700 } },
      { jsonrpc: '2.0', id: 1, result: { serverInfo: { name: 'caliber' } } },
    ])
  })
})

const initialize = `${JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'old', version: '1' } },
})}\n`

/** Node 20 runs no TypeScript, so this is the last build. */
const built = new URL('../../../dist/surfaces/mcp/stdio.js', import.meta.url)
const program = [
  '--input-type=module',
  '--eval',
  `import { serveStdio } from ${JSON.stringify(built.href)}
   setInterval(() => {}, 1_000).unref()
   const call = async (operation, input) => { console.log('a stray line'); return { operation, input } }
   await serveStdio(call, { version: '9.9.9' })`,
]

async function connected(revision: (typeof revisions)[number], principal = anna) {
  const { calls, dispatch } = recording()
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  const logged: string[] = []
  stderr.on('data', (chunk) => void logged.push(String(chunk)))
  const served = serveStdio(inNameOf(dispatch, principal), { version: '9.9.9' }, { stdin, stdout, stderr })
  const mode: ClientOptions = revision === '2026-07-28' ? { versionNegotiation: { mode: { pin: revision } } } : {}
  const client = new Client({ name: 'test', version: '1' }, mode)
  // The transport is the same from either end: it reads messages from one stream and writes them to the other.
  await client.connect(new StdioServerTransport(stdout, stdin))
  const hangUp = () => void stdin.end()
  closing.push(async () => {
    await client.close()
    hangUp()
    await served
  })
  return { client, calls, served, hangUp, stderr: () => logged.join('') }
}

function inNameOf(dispatch: Dispatch, principal: typeof anna) {
  return (operation: string, input: unknown) => dispatch({ operation, input, principal })
}
