import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { StdioLines } from './stdioLines.ts'

test('lines go on whole, however they are cut on the way', async () => {
  const sent = `${ping('ä')}\n\r\n${ping('b')}\r\n`
  for (const size of [1, 2, 3, 7, 100]) {
    const { passed, refused } = await through(cut(sent, size), 100)
    expect(passed.split('\n').map((line) => line.trim())).toEqual([ping('ä'), ping('b'), ''])
    expect(refused).toEqual([])
  }
})

test('a line that is no JSON is refused and the next one passes', async () => {
  const { passed, refused } = await through([`hello\n${ping('a')}\n`], 100)
  expect(passed).toBe(`${ping('a')}\n`)
  expect(refused).toEqual([[null, -32700]])
})

test('JSON that is no JSON-RPC message is refused under its id, where it has one', async () => {
  const lines = [
    '{"jsonrpc":"2.0","id":3}',
    '{"id":"x","method":"ping"}',
    '{"jsonrpc":"2.0","id":[],"method":"a"}',
    '[1]',
    '7',
  ]
  const { passed, refused } = await through([`${lines.join('\n')}\n`], 100)
  expect(passed).toBe('')
  expect(refused).toEqual([3, 'x', null, null, null].map((id) => [id, -32600]))
})

test('a line of just the limit passes; one octet more is refused, and the next line passes', async () => {
  const fits = ping('x'.repeat(1_000 - ping('').length))
  expect((await through(cut(`${fits}\n`, 64), 1_000)).passed).toBe(`${fits}\n`)
  const { passed, refused } = await through(cut(`${fits} \n${ping('a')}\n`, 64), 1_000)
  expect(passed).toBe(`${ping('a')}\n`)
  expect(refused).toEqual([[1, -32600]])
})

test.each([
  ['{"jsonrpc":"2.0","id":7,"params":"PAD"}', 7],
  ['{"id":"a-7","params":"PAD"}', 'a-7'],
  ['{"params":"PAD","jsonrpc":"2.0","id":7}', 7],
  ['{"params":"PAD","jsonrpc":"2.0","id":"a-7"}', 'a-7'],
  ['{"params":{"text":"PAD","id":7}}', null],
  ['{"params":["PAD",{"id":7}]}', null],
  ['{"params":"PAD,\\"id\\":7}"}', null],
])('the request behind the overlong line %s is known by its id %s', async (line, id) => {
  const long = line.replace('PAD', 'x'.repeat(5_000))
  const { refused } = await through(cut(`${long}\n`, 97), 1_000)
  expect(refused).toEqual([[id, -32600]])
})

test('what follows the last newline was never finished and is not served', async () => {
  expect(await through([`${ping('a')}\n${ping('b')}`], 100)).toEqual({ passed: `${ping('a')}\n`, refused: [] })
})

function ping(note: string): string {
  return JSON.stringify({ jsonrpc: '2.0', method: 'ping', params: { note }, id: 1 })
}

async function through(chunks: readonly (string | Buffer)[], maxBytes: number) {
  const refused: [string | number | null, number][] = []
  const lines = new StdioLines(maxBytes, (id, code) => void refused.push([id, code]))
  const passed = await text(Readable.from(chunks.map((chunk) => Buffer.from(chunk))).pipe(lines))
  return { passed, refused }
}

function cut(sent: string, size: number): Buffer[] {
  const octets = Buffer.from(sent)
  return Array.from({ length: Math.ceil(octets.length / size) }, (_, i) => octets.subarray(i * size, (i + 1) * size))
}
