/** MCP over standard input: one message a line, of bounded length. */
import assert from 'node:assert/strict'
import { built, loadBuilt } from '../built.mjs'

const ping = '{"jsonrpc":"2.0","method":"ping","id":1}'
const maxBytes = 120

/** Every line that ended is passed on or refused, once; and it does not matter where the stream was cut. */
const stdioLines = {
  name: 'mcp-lines',
  guides: [built('surfaces/mcp/stdioLines.js')],
  seeds: [
    `${ping}\n`,
    `{"jsonrpc":"2.0","id":3}\r\n[1]\n\n${ping}\n`,
    `{"id":"a-7","params":"${'x'.repeat(200)}"}\n`,
  ].concat([`{"jsonrpc":"2.0","method":"tools/call","params":{"name":"note_get","arguments":{}},"id":"b"}\nrest`]),
  dictionary: [
    '\n',
    '\r\n',
    '"id":7',
    ',"id":"x"}',
    '"jsonrpc":"2.0"',
    '"method":"a"',
    '"result":{}',
    '"error":{"code":1}',
    '"params":',
    '{',
    '}',
  ],
  shape: 'jsonLines',
  async load() {
    const { StdioLines } = await loadBuilt('surfaces/mcp/stdioLines.js')
    // The transformation without the streams around it, which would take ten times as long as all it does.
    const read = (pieces) => {
      const passed = []
      const refused = []
      const lines = new StdioLines(maxBytes, (...refusal) => void refused.push(refusal))
      lines.push = (chunk) => passed.push(chunk)
      for (const piece of pieces) lines._transform(piece, 'buffer', () => {})
      return { passed: Buffer.concat(passed).toString('latin1'), refused, count: passed.length }
    }
    return (input) => {
      const whole = read([input])
      assert.deepEqual(read(cut(input)), whole)
      const ended = input.toString('latin1').split('\n').slice(0, -1)
      const blank = ended.filter((line) => line.length <= maxBytes && isBlank(line)).length
      assert.equal(whole.count + whole.refused.length, ended.length - blank)
      for (const line of whole.passed.split('\n').slice(0, -1)) {
        assert.ok(Buffer.byteLength(line, 'latin1') <= maxBytes)
        assert.equal(JSON.parse(Buffer.from(line, 'latin1').toString().trim()).jsonrpc, '2.0')
      }
      for (const [id] of whole.refused) assert.ok(id === null || typeof id === 'string' || typeof id === 'number')
    }
  },
}

export const lineParsers = [stdioLines]

function isBlank(line) {
  return Buffer.from(line, 'latin1').toString().trim() === ''
}

function cut(input) {
  const size = 1 + ((input[0] ?? 0) % 61)
  return Array.from({ length: Math.ceil(input.length / size) }, (_, at) => input.subarray(at * size, (at + 1) * size))
}
