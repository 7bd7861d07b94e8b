/** The official MCP client on one memory, over stdio and over HTTP at the same time. */
import path from 'node:path'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { openCaliber } from 'caliber'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contract } from '../../packages/caliber/src/generated/contract.ts'
import type { Seat } from '../../packages/caliber/src/local/seat.ts'
import { takeSeat } from '../../packages/caliber/src/local/takeSeat.ts'
import { cliFile } from './program.ts'
import { removeDirectories, temporaryDirectory } from './temporary.ts'

let dataDir: string
let seat: Seat
let overStdio: Client
let overHttp: Client

beforeAll(async () => {
  dataDir = path.join(await temporaryDirectory(), 'memory')
  seat = await takeSeat({ dataDir, tier: 'embedded' })
  const url = await seat.owned?.listen({ host: '127.0.0.1', port: 0 })
  overStdio = new Client({ name: 'over stdio', version: '1' })
  overHttp = new Client({ name: 'over http', version: '1' })
  const requestInit = { headers: { authorization: `Bearer ${seat.credential.key}` } }
  await Promise.all([
    overStdio.connect(
      new StdioClientTransport({ command: process.execPath, args: [cliFile, 'mcp', '--data-dir', dataDir] }),
    ),
    overHttp.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit })),
  ])
})

afterAll(async () => {
  await Promise.all([overStdio?.close(), overHttp?.close()])
  await seat?.close()
  await removeDirectories()
})

test('both list the same tools, one for each operation that is offered to models', async () => {
  const [one, other] = await Promise.all([overStdio.listTools(), overHttp.listTools()])
  expect(one.tools).toEqual(other.tools)
  const offered = contract.filter(({ mcp }) => mcp).map(({ name }) => name.replaceAll('.', '_'))
  expect(one.tools.map(({ name }) => name)).toEqual(offered)
  expect(offered).toEqual(expect.arrayContaining(['transcript_import', 'memory_search', 'context_assemble']))
})

test('both import, search and assemble at once, and each finds what the other imported', async () => {
  const imports = await Promise.all([
    call(overStdio, 'transcript_import', {
      source: 'stdio.jsonl',
      text: said('The ferry Skarven has a bow thruster.'),
    }),
    call(overHttp, 'transcript_import', {
      source: 'http.jsonl',
      text: said('The kiosk in Åvik prints on thermal paper.'),
    }),
  ])
  expect(imports).toMatchObject([
    { turnsAdded: 2, malformedCount: 0 },
    { turnsAdded: 2, malformedCount: 0 },
  ])

  for (const client of [overStdio, overHttp]) {
    const thruster = await call(client, 'memory_search', { query: 'bow thruster', limit: 1 })
    expect(thruster).toMatchObject({ items: [{ text: 'The ferry Skarven has a bow thruster.' }] })
    const paper = await call(client, 'memory_search', { query: 'thermal paper', limit: 1 })
    expect(paper).toMatchObject({ items: [{ text: 'The kiosk in Åvik prints on thermal paper.' }] })
  }
  const question = { query: 'Which ferry has a bow thruster, and where does the kiosk print?', budgetTokens: 300 }
  const [one, other] = await Promise.all([overStdio, overHttp].map((client) => assembled(client, question)))
  expect(one?.text).toContain('Skarven')
  expect(one?.text).toContain('thermal paper')
  expect(one?.usedTokens).toBeLessThanOrEqual(300)
  expect(other).toEqual(one)
})

test('a hundred interleaved calls of both are answered, each to the one who asked', async () => {
  const asked = Array.from({ length: 100 }, (_, i) => ({
    client: i % 2 === 0 ? overStdio : overHttp,
    subject: `item ${i}`,
  }))
  const recorded = await Promise.all(
    asked.map(({ client, subject }) => call(client, 'note_record', { subject, content: `Content of ${subject}.` })),
  )
  expect(recorded.map(({ subject }) => subject)).toEqual(asked.map(({ subject }) => subject))
  const { items } = await call(overHttp, 'note_list', { limit: 1_000 })
  expect(items).toHaveLength(100)
})

describe.each(['stdio', 'http'])('over %s', (surface) => {
  const client = () => (surface === 'stdio' ? overStdio : overHttp)

  test.each([
    ['memory_search', {}, 'invalid_input'],
    ['memory_search', { query: 'x', colour: 'red' }, 'invalid_input'],
    ['note_record', { subject: 'NUL', content: 'a\0b' }, 'invalid_input'],
    ['context_assemble', { query: 'ferry', system: 'Answer in Swedish.', budgetTokens: 1 }, 'budget_too_small'],
    ['memory_search', { query: 'ferry', atLeastSeq: 2 ** 40 }, 'unavailable'],
    ['note_get', { noteId: '01890a5d-ac96-774b-bcce-b302099a8057' }, 'not_found'],
    ['transcript_import', { source: 'x', text: '{"neither":1}' }, 'invalid_input'],
  ])('%s with %j comes back as the tool error %s', async (name, input, code) => {
    const result = await client().callTool({ name, arguments: input })
    expect(result).toMatchObject({
      isError: true,
      content: [{ type: 'text', text: expect.stringMatching(new RegExp(`^${code}: `)) }],
    })
    expect(JSON.stringify(result)).toContain(`"code":"${code}"`)
    expect(JSON.stringify(result)).not.toMatch(/node_modules|packages\/caliber|\bselect\b.+\bfrom\b|\bat .+:\d+:\d+/i)
  })

  test('an unknown tool is a JSON-RPC error, and the connection lives', async () => {
    await expect(client().callTool({ name: 'note_forget', arguments: {} })).rejects.toMatchObject({ code: -32602 })
    expect(await call(client(), 'memory_search', { query: 'thruster' })).toHaveProperty('eventSeq')
  })
})

test('refused calls wrote nothing: a third reader counts what was imported and recorded', async () => {
  const memory = await openCaliber({ dataDir })
  try {
    expect(await memory.memory.verify()).toMatchObject({ ok: true, checked: { turns: 4, notes: 100, scopes: 2 } })
  } finally {
    await memory.close()
  }
})

function said(fact: string): string {
  const lines = [
    { id: 'a', role: 'user', content: fact, at: '2026-05-04T09:00:00Z' },
    { id: 'b', role: 'assistant', content: 'Noted.', at: '2026-05-04T09:00:05Z' },
  ]
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('')
}

/** @returns the structured answer of a call that must succeed */
async function call(client: Client, name: string, input: Record<string, unknown>): Promise<Record<string, unknown>> {
  const result = await client.callTool({ name, arguments: input })
  expect(result.isError, JSON.stringify(result.content)).toBeFalsy()
  const { structuredContent: answer } = result
  return typeof answer === 'object' && answer !== null ? { ...answer } : {}
}

async function assembled(client: Client, question: Record<string, unknown>) {
  const { text, receipt } = await call(client, 'context_assemble', question)
  const used =
    typeof receipt === 'object' && receipt !== null && 'usedTokens' in receipt ? receipt.usedTokens : undefined
  return { text: String(text), usedTokens: Number(used) }
}
