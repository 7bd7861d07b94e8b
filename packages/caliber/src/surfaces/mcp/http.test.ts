import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, type ClientOptions, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterEach, describe, expect, test } from 'vitest'
import { CaliberError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import { createHttpApp } from '../http/app.ts'
import { type McpRoutes, mcpRoutes } from './http.ts'
import { idempotencyField } from './server.ts'
import { anna, bert, contextText, recording } from './testing/recording.ts'
import { refusalKey } from './toolResult.ts'
import { operationsByTool, tools } from './tools.ts'

const revisions = ['2025-11-25', '2026-07-28'] as const
const handshakes = ['2025-03-26', '2025-06-18', '2025-11-25'] as const

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

describe.each(revisions)('an official client that speaks %s', (revision) => {
  test('introduces itself and lists every tool', async () => {
    const { client } = await connected(revision)
    expect(client.getServerVersion()).toMatchObject({ name: 'caliber', version: '9.9.9' })
    expect(client.getNegotiatedProtocolVersion()).toBe(revision)
    expect(client.getInstructions()).toContain('context_assemble')
    const listed = await client.listTools()
    expect(listed.tools.map(({ name }) => name)).toEqual(tools.map(({ name }) => name))
  })

  test('gets a context as text and its receipt as structure', async () => {
    const { client, calls } = await connected(revision)
    await client.listTools()
    const result = await client.callTool({ name: 'context_assemble', arguments: { query: 'where' } })
    expect(result.content).toEqual([{ type: 'text', text: contextText }])
    expect(result.structuredContent).toMatchObject({ text: contextText, receipt: { eventSeq: 3 } })
    expect(calls).toEqual([{ operation: 'context.assemble', input: { query: 'where' }, principal: anna }])

    const messages = await client.callTool({ name: 'context_assemble', arguments: { query: 'a', format: 'messages' } })
    expect(messages.content).toEqual([
      { type: 'text', text: JSON.stringify([{ role: 'system', content: contextText }]) },
    ])
  })

  test('gets anything else as JSON, twice', async () => {
    const { client } = await connected(revision)
    await client.listTools()
    const result = await client.callTool({ name: 'memory_search', arguments: { query: 'x' } })
    expect(result.structuredContent).toEqual({ items: [], eventSeq: 1 })
    expect(result.content).toEqual([{ type: 'text', text: '{"items":[],"eventSeq":1}' }])
  })

  test('carries an idempotency key in the request, beside the arguments', async () => {
    const { client, calls } = await connected(revision)
    const input = { subject: 's', content: 'c' }
    await client.callTool({ name: 'note_record', arguments: input, _meta: { [idempotencyField]: 'key-1' } })
    expect(calls).toEqual([{ operation: 'note.record', input, principal: anna, idempotencyKey: 'key-1' }])
  })

  test('reaches each operation with its example, unchanged', async () => {
    const { client, calls } = await connected(revision)
    for (const [name, { example }] of operationsByTool) await client.callTool({ name, arguments: example })
    expect(calls).toEqual(
      [...operationsByTool.values()].map(({ name, example }) => ({ operation: name, input: example, principal: anna })),
    )
  })

  test('gets bad input refused by dispatch, and by nobody before', async () => {
    const { client, calls } = await connected(revision)
    await client.listTools()
    for (const bad of [{}, { query: 7 }, { query: 'x', surprise: true }, undefined]) {
      const name = 'memory_search'
      const result = await client.callTool(bad ? { name, arguments: bad } : { name })
      expect(result.isError).toBe(true)
      expect(result.structuredContent).toBeUndefined()
      expect(result.content).toEqual([{ type: 'text', text: expect.stringMatching(/^invalid_input: /) }])
      expect(refusalIn(result)).toMatchObject({
        code: 'invalid_input',
        retryable: false,
        detail: { issues: 1 },
      })
    }
    expect(calls).toHaveLength(4)
  })

  test('is told what to retry, and of a defect no more than where it was logged', async () => {
    const { client, logged } = await connected(revision)
    const busy = await client.callTool({ name: 'memory_search', arguments: { query: 'busy' } })
    expect(refusalIn(busy)).toMatchObject({ code: 'unavailable', retryable: true })

    const defect = await client.callTool({ name: 'memory_search', arguments: { query: 'defect' } })
    expect(JSON.stringify(defect)).not.toMatch(/secret|home|stack/)
    expect(refusalIn(defect)).toMatchObject({ code: 'internal', requestId: expect.any(String) })
    expect(logged.join('')).toContain('secret: /home/me/caliber.ts')
  })

  test('gets a JSON-RPC error for an unknown tool and for a cursor that nobody gave', async () => {
    const { client, calls } = await connected(revision)
    await expect(client.callTool({ name: 'note_forget' })).rejects.toMatchObject({
      code: -32602,
      message: /note_forget/,
    })
    await expect(client.callTool({ name: 'server_health' })).rejects.toMatchObject({ code: -32602 })
    await expect(client.listTools({ cursor: 'abc' })).rejects.toMatchObject({ code: -32602 })
    expect(calls).toEqual([])
  })

  test('shares the server with another principal without mixing', async () => {
    const server = await serving()
    const [a, b] = await Promise.all([server.connect(revision, 'anna'), server.connect(revision, 'bert')])
    const asked = Array.from({ length: 20 }, (_, i) => [i % 2 === 0 ? a : b, i % 2 === 0 ? 1 : 2] as const)
    const answers = await Promise.all(
      asked.map(([client], i) =>
        client.callTool({ name: 'memory_search', arguments: { query: i % 4 === 0 ? 'slow' : 'x' } }),
      ),
    )
    expect(answers.map(({ structuredContent }) => structuredContent)).toEqual(
      asked.map(([, eventSeq]) => ({ items: [], eventSeq })),
    )
    expect(server.calls.filter(({ principal }) => principal === anna)).toHaveLength(10)
    expect(server.calls.filter(({ principal }) => principal === bert)).toHaveLength(10)
  })

  test('without a valid key does not get in', async () => {
    const server = await serving()
    await expect(server.connect(revision, 'nobody')).rejects.toThrow()
    expect(server.calls).toEqual([])
  })

  test('sends a chunk near the limit, and is told when it is over', async () => {
    const { client, calls } = await connected(revision)
    const near = { source: 'a', text: 'x'.repeat(limits.requestBytes - 2_000) }
    await client.callTool({ name: 'transcript_import', arguments: near })
    expect(calls[0]?.input).toEqual(near)
    const over = { source: 'a', text: 'x'.repeat(limits.requestBytes) }
    await expect(client.callTool({ name: 'transcript_import', arguments: over })).rejects.toThrow(
      /at most 16777216 octets/,
    )
    expect(calls).toHaveLength(1)
  })
})

test.each(handshakes)('a client of %s is served by its own handshake, without a session', async (protocolVersion) => {
  const server = await serving()
  const params = { protocolVersion, capabilities: {}, clientInfo: { name: 'old', version: '1' } }
  const opened = await server.post({ jsonrpc: '2.0', id: 1, method: 'initialize', params })
  expect(opened.status).toBe(200)
  expect(opened.headers.get('mcp-session-id')).toBeNull()
  expect(await opened.text()).toContain(`"protocolVersion":"${protocolVersion}"`)
  const headers = { 'mcp-protocol-version': protocolVersion }
  const done = await server.post({ jsonrpc: '2.0', method: 'notifications/initialized' }, headers)
  expect(done.status).toBe(202)
  const listed = await server.post({ jsonrpc: '2.0', id: 2, method: 'tools/list' }, headers)
  expect(await listed.text()).toContain('context_assemble')
})

test('before anything is read, the key is asked for, in the way RFC 6750 has it', async () => {
  const server = await serving()
  for (const authorization of ['', 'Basic abc', 'Bearer ', 'Bearer wrong']) {
    const refused = await server.post('{"broken', { authorization })
    expect(refused.status).toBe(401)
    expect(refused.headers.get('www-authenticate')).toBe('Bearer realm="caliber"')
    expect(await refused.json()).toMatchObject({ id: null, error: { code: -32000, data: { code: 'unauthenticated' } } })
  }
  const silent = await fetch(server.url, { method: 'POST', headers: json, body: '{"broken' })
  expect([silent.status, silent.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="caliber"'])
  const unsure = await server.post(ping, { authorization: 'Bearer unsure' })
  expect(unsure.status).toBe(503)
  expect(await unsure.json()).toMatchObject({ error: { data: { code: 'unavailable', retryable: true } } })
})

test('a rebound name or a foreign page is refused; loopback, listed names and own pages are served', async () => {
  const server = await serving({ allowedHosts: ['memory.example'] })
  expect(await server.status({ host: 'evil.example' })).toBe(403)
  expect(await server.status({ host: 'memory.example:8080' })).toBe(200)
  expect(await server.status({ host: 'memory.example', origin: 'https://memory.example' })).toBe(200)
  expect(await server.status({ origin: 'https://evil.example' })).toBe(403)
  expect(await server.status({ origin: 'null' })).toBe(403)

  const local = await serving()
  expect(await local.status({ host: 'memory.example' })).toBe(403)
  expect(await local.status({ host: 'localhost:1', origin: 'http://localhost:1' })).toBe(200)
  expect(await local.status({ origin: 'http://localhost:5173' })).toBe(403)
})

test('a malformed request gets a JSON-RPC error and a 4xx', async () => {
  const server = await serving()
  const cases: [unknown, Record<string, string>, number, number][] = [
    ['{"broken', {}, 400, -32700],
    ['', {}, 400, -32600],
    ['null', {}, 400, -32600],
    ['7', {}, 400, -32600],
    ['[]', {}, 400, -32600],
    ['[7]', {}, 400, -32600],
    ['{}', {}, 400, -32600],
    ['{"__proto__":{"a":1},"jsonrpc":"2.0","id":1,"method":"ping"}', {}, 400, -32700],
    [{ jsonrpc: '2.0', id: 1 }, {}, 400, -32600],
    [ping, { 'content-type': 'text/plain' }, 415, -32000],
    ['x'.repeat(limits.requestBytes + 1), {}, 413, -32000],
  ]
  for (const [body, headers, status, code] of cases) {
    const refused = await server.post(body, headers)
    expect([refused.status, await refused.json()]).toMatchObject([status, { error: { code } }])
  }
  const unknown = await server.post({ jsonrpc: '2.0', id: 1, method: 'memory/format' })
  expect(await unknown.text()).toContain('-32601')
  const shapeless = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'note_get', arguments: [1] } }
  expect(await (await server.post(shapeless)).text()).toContain('-32602')
  expect(server.calls).toEqual([])
})

test('nesting beyond reason is refused by dispatch, not by a crash', async () => {
  const server = await serving()
  const deep = '['.repeat(200_000) + ']'.repeat(200_000)
  const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"memory_search","arguments":{"query":${deep}}}}`
  expect(await (await server.post(body)).text()).toContain('invalid_input')
})

test('there are no sessions, so there is nothing to open or delete', async () => {
  const server = await serving()
  for (const method of ['GET', 'DELETE']) {
    const refused = await fetch(server.url, { method, headers: { authorization: 'Bearer anna' } })
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'POST'])
  }
})

test.each(revisions)('a %s client that hangs up mid-call leaves the server well', async (revision) => {
  const { client, calls, connect, logged } = await connected(revision)
  const hungUp = new AbortController()
  const call = client.callTool({ name: 'memory_search', arguments: { query: 'slow' } }, { signal: hungUp.signal })
  setTimeout(() => hungUp.abort(), 100)
  await expect(call).rejects.toThrow()
  await client.close()
  await sleep(400)
  expect(calls[0]?.operation).toBe('memory.search')
  const next = await connect(revision, 'bert')
  const answer = await next.callTool({ name: 'memory_search', arguments: { query: 'x' } })
  expect(answer.structuredContent).toEqual({ items: [], eventSeq: 2 })
  expect(logged.join('')).not.toContain('an MCP request failed')
})

const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

function refusalIn({ _meta: meta }: { _meta?: Record<string, unknown> | undefined }): unknown {
  return meta?.[refusalKey]
}

async function connected(revision: (typeof revisions)[number]) {
  const server = await serving()
  return { ...server, client: await server.connect(revision, 'anna') }
}

async function serving(options: Partial<McpRoutes> = {}) {
  const { calls, dispatch } = recording()
  const logged: string[] = []
  const log = { level: 'warn', stream: { write: (line: string) => void logged.push(line) } }
  const app = await createHttpApp({ dispatch, authenticate, log })
  await app.register(mcpRoutes({ dispatch, authenticate, version: '9.9.9', ...options }))
  await app.listen({ host: '127.0.0.1', port: 0 })
  closing.push(() => app.close())
  const { port } = app.server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}/mcp`

  return {
    calls,
    logged,
    url,
    async connect(revision: (typeof revisions)[number], key: string) {
      const mode: ClientOptions = revision === '2026-07-28' ? { versionNegotiation: { mode: { pin: revision } } } : {}
      const client = new Client({ name: 'test', version: '1' }, mode)
      const requestInit = { headers: { authorization: `Bearer ${key}` } }
      await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }))
      closing.push(() => client.close())
      return client
    },
    post(body: unknown, headers: Record<string, string> = {}) {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      return fetch(url, { method: 'POST', body: text, headers: { ...json, authorization: 'Bearer anna', ...headers } })
    },
    /** Fetch sends no Host of its own choosing; this does. */
    status(headers: Record<string, string>) {
      return new Promise<number | undefined>((resolve, reject) => {
        const all = { ...json, authorization: 'Bearer anna', ...headers }
        const request = http.request(url, { method: 'POST', headers: all }, (response) => {
          response.resume()
          resolve(response.statusCode)
        })
        request.on('error', reject)
        request.end(JSON.stringify(ping))
      })
    },
  }
}

async function authenticate(key: string) {
  if (key === 'anna') return anna
  if (key === 'bert') return bert
  if (key === 'unsure') throw new CaliberError('unavailable', 'The database cannot answer. Try again.')
  throw new CaliberError('unauthenticated', 'The key is not valid.')
}
