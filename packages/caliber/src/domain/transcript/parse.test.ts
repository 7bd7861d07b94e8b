import { expect, test } from 'vitest'
import { limits, OVERLONG_LINE } from './limits.ts'
import { parseTranscript } from './parse.ts'

test('plain: id, session and time are optional', () => {
  const { drafts, malformed } = plain(
    '{"role":"user","content":"a"}\n{"role":"tool","content":"b","id":7,"session":"s","at":"2024-05-01T10:00:00+02:00"}',
    5,
  )

  expect(malformed).toEqual([])
  const rest = { toolCalls: [], toolResults: [] }
  expect(drafts).toEqual([
    { line: 5, draft: { session: 'main', key: 'l5', role: 'user', content: 'a', at: null, ...rest } },
    { line: 6, draft: { session: 's', key: '7', role: 'tool', content: 'b', at: '2024-05-01T08:00:00.000Z', ...rest } },
  ])
})

test('plain: another role, missing content and a bare value are malformed', () => {
  const { drafts, malformed } = plain(
    '{"role":"constructor","content":"a"}\n{"role":"user"}\n"text"\n{"role":"user","content":[]}',
  )

  expect(drafts).toEqual([])
  expect(malformed.map(({ line, code }) => [line, code])).toEqual([1, 2, 3, 4].map((n) => [n, 'not_a_turn']))
})

test('blank lines, a byte order mark and CRLF do not disturb, and lines keep their numbers', () => {
  const { drafts, malformed } = plain(
    '\ufeff{"role":"user","content":"a"}\r\n\r\n \t\r\n{"role":"user","content":"b"}\r\n',
  )

  expect(malformed).toEqual([])
  expect(drafts.map(({ line, draft }) => [line, draft.content])).toEqual([
    [1, 'a'],
    [4, 'b'],
  ])
})

test('a line that is not JSON is reported with a short printable excerpt', () => {
  const { malformed } = plain(`\u001b[31m${'secret '.repeat(10)}\n{"role":"user","conte`)

  expect(malformed).toEqual([
    { line: 1, code: 'not_json', message: expect.stringMatching(/starts with ".\[31msecret secret secre\.\.\."$/) },
    { line: 2, code: 'not_json', message: expect.any(String) },
  ])
})

test('NUL and lone surrogates become U+FFFD everywhere and are counted; pairs are left alone', () => {
  const input = '{"k\\u0000":["\\ud800",{"deep":"\\udc00x😀\\ud83d\\ude00"}]}'
  const { drafts, repaired } = parseTranscript(
    `{"type":"assistant","uuid":"u\\u0000","message":{"content":[{"type":"text","text":"a\\u0000b"},{"type":"tool_use","id":"i","name":"n","input":${input}}]}}`,
    { format: 'claude-code', firstLine: 1 },
  )

  expect(repaired).toBe(5)
  expect(drafts[0]?.draft).toMatchObject({
    key: 'u\ufffd',
    content: 'a\ufffdb',
    toolCalls: [{ input: { 'k\ufffd': ['\ufffd', { deep: '\ufffdx😀😀' }] } }],
  })
})

test('a __proto__ key stays data', () => {
  const { drafts } = parseTranscript(
    '{"type":"assistant","__proto__":{"isMeta":true},"message":{"content":[{"type":"tool_use","id":"i","name":"n","input":{"__proto__":{"polluted":1},"n":1e999}}]}}',
    { format: 'claude-code', firstLine: 1 },
  )
  const input = drafts[0]?.draft.toolCalls[0]?.input

  expect(JSON.stringify(input)).toBe('{"__proto__":{"polluted":1},"n":null}')
  expect(Object.getPrototypeOf(input)).toBe(Object.prototype)
  expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
})

test('limits are inclusive: what is one beyond is malformed with its code', () => {
  const longest = 'x'.repeat(limits.turnChars)
  const nested = (depth: number) =>
    `{"role":"user","content":"[{\\\\\\"\\\\","n":${'['.repeat(depth)}${']'.repeat(depth)}}`
  const { drafts, malformed } = plain(
    [
      JSON.stringify({ role: 'user', content: longest }),
      JSON.stringify({ role: 'user', content: `${longest}x` }),
      JSON.stringify({ role: 'user', content: 'a', id: 'i'.repeat(limits.idChars) }),
      JSON.stringify({ role: 'user', content: 'a', id: 'i'.repeat(limits.idChars + 1) }),
      JSON.stringify({ role: 'user', content: 'a', session: 's'.repeat(limits.idChars + 1) }),
      nested(limits.depth - 1),
      nested(limits.depth),
      OVERLONG_LINE,
      ' '.repeat(limits.lineChars + 1),
    ].join('\n'),
  )

  expect(drafts.map(({ line }) => line)).toEqual([1, 3, 6])
  expect(malformed.map(({ line, code }) => [line, code])).toEqual([
    [2, 'too_long'],
    [4, 'too_long'],
    [5, 'too_long'],
    [7, 'too_deep'],
    [8, 'too_long'],
    [9, 'too_long'],
  ])
})

test('tool results count toward the size of a turn', () => {
  const half = 'x'.repeat(limits.turnChars / 2)
  const block = { type: 'tool_result', tool_use_id: 't', content: half }
  const line = (...blocks: unknown[]) => JSON.stringify({ type: 'user', message: { content: blocks } })
  const { drafts, malformed } = parseTranscript(`${line(block, block)}\n${line(block, block, 'x')}`, {
    format: 'claude-code',
    firstLine: 1,
  })

  expect(drafts).toHaveLength(1)
  expect(malformed).toMatchObject([{ line: 2, code: 'too_long' }])
})

test('time grows with the text, not faster: brackets, quotes and backslashes in the millions', () => {
  const started = performance.now()
  for (const unit of ['[', '"', '\\', '\\"', '{"a":', ', ', '\n', '"\\\\" ']) {
    const text = unit.repeat(2_000_000 / unit.length)
    parseTranscript(text, { format: 'openai', firstLine: 1 })
    parseTranscript(`{"role":"user","content":"${text}`, { format: 'openai', firstLine: 1 })
  }

  expect(performance.now() - started).toBeLessThan(20_000)
})

function plain(text: string, firstLine = 1) {
  return parseTranscript(text, { format: 'plain', firstLine })
}
