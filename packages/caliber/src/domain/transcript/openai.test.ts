import { expect, test } from 'vitest'
import { limits } from './limits.ts'
import { parseTranscript } from './parse.ts'

test('a line per message is one session with keys by position', () => {
  const { drafts, malformed } = parse(
    { role: 'developer', content: 'Be brief.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is' },
        { type: 'image_url', image_url: { url: 'data:' } },
      ],
    },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"zoom":2}' } }],
      created_at: 1_700_000_000,
    },
    { role: 'tool', tool_call_id: 'call_1', content: 'a cat' },
    { role: 'assistant', content: 'A cat.', id: 'msg_9' },
  )

  expect(malformed).toEqual([])
  expect(drafts.map(({ draft }) => draft)).toEqual([
    draft('m0', 'system', 'Be brief.'),
    draft('m1', 'user', 'What is\n[image]'),
    {
      ...draft('m2', 'assistant', ''),
      toolCalls: [{ id: 'call_1', name: 'look', input: { zoom: 2 } }],
      at: '2023-11-14T22:13:20.000Z',
    },
    { ...draft('m3', 'tool', ''), toolResults: [{ callId: 'call_1', content: 'a cat', isError: false }] },
    draft('m4:msg_9', 'assistant', 'A cat.'),
  ])
})

test('a line per conversation is a session each, named where it has an id', () => {
  const messages = [
    { role: 'user', content: 'hi' },
    { role: 'assistant', content: 'hello' },
  ]
  const { drafts } = parse({ messages, tools: [] }, { id: 'thread_1', messages }, messages)

  expect(drafts.map(({ line, draft }) => [line, draft.session, draft.key])).toEqual([
    [1, 'c0', 'c0/m0'],
    [1, 'c0', 'c0/m1'],
    [2, 'thread_1', 'c1/m0'],
    [2, 'thread_1', 'c1/m1'],
    [3, 'c2', 'c2/m0'],
    [3, 'c2', 'c2/m1'],
  ])
})

test('a bad message of a conversation is named by its index and the others are kept', () => {
  const { drafts, malformed } = parse({
    messages: [{ role: 'user', content: 'a' }, 5, { role: 'robot', content: 'b' }],
  })

  expect(drafts).toHaveLength(1)
  expect(malformed.map(({ line, code, message }) => [line, code, message.slice(0, 12)])).toEqual([
    [1, 'not_a_turn', 'messages[1]:'],
    [1, 'not_a_turn', 'messages[2]:'],
  ])
})

test('arguments that are not JSON stay text, and function_call pairs with a function message by name', () => {
  const { drafts } = parse(
    { role: 'assistant', tool_calls: [{ id: 'c1', function: { name: 'f', arguments: '{"a":' } }] },
    { role: 'assistant', content: null, function_call: { name: 'g', arguments: '{}' } },
    { role: 'function', name: 'g', content: 'done' },
    { role: 'assistant', tool_calls: [{ id: 'c2', type: 'custom', custom: { name: 'h', input: 'free text' } }] },
    { role: 'assistant', tool_calls: [{ id: 'c3', function: { name: 'k' } }] },
  )

  expect(drafts.map(({ draft }) => draft.toolCalls[0] ?? draft.toolResults[0])).toEqual([
    { id: 'c1', name: 'f', input: '{"a":' },
    { id: 'g', name: 'g', input: {} },
    { callId: 'g', content: 'done', isError: false },
    { id: 'c2', name: 'h', input: 'free text' },
    { id: 'c3', name: 'k', input: null },
  ])
})

test('Responses items and Assistants parts are read, reasoning is not kept', () => {
  const { drafts, ignored, malformed } = parse(
    { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'a', annotations: [] }] },
    { type: 'reasoning', summary: [] },
    { type: 'function_call', call_id: 'c', name: 'f', arguments: '[1]' },
    { type: 'function_call_output', call_id: 'c', output: 'ok' },
    { role: 'user', content: [{ type: 'text', text: { value: 'nested', annotations: [] } }] },
    { role: 'assistant', content: null, refusal: 'No.' },
    { type: 'file_search_call', id: 'x' },
  )

  expect(ignored).toBe(1)
  expect(malformed.map(({ line }) => line)).toEqual([7])
  expect(drafts.map(({ draft }) => draft.content)).toEqual(['a', '', '', 'nested', 'No.'])
  expect(drafts[1]?.draft.toolCalls).toEqual([{ id: 'c', name: 'f', input: [1] }])
  expect(drafts[2]?.draft.toolResults).toEqual([{ callId: 'c', content: 'ok', isError: false }])
})

test('positions count lines, so a blank or ignored one does not move the keys after it', () => {
  const text = '{"role":"user","content":"a"}\n\n{"role":"user","content":""}\n{"role":"user","content":"b"}'
  const { drafts, ignored } = parseTranscript(text, { format: 'openai', firstLine: 1 })

  expect(drafts.map(({ draft }) => draft.key)).toEqual(['m0', 'm3'])
  expect(ignored).toBe(1)
})

test('too many tool calls, too many messages and arguments nested too deeply are malformed', () => {
  const call = { id: 'c', function: { name: 'f', arguments: '{}' } }
  const deep = '['.repeat(limits.depth + 1) + ']'.repeat(limits.depth + 1)
  const { malformed, drafts } = parse(
    { role: 'assistant', tool_calls: Array.from({ length: limits.toolsPerTurn + 1 }, () => call) },
    { role: 'assistant', tool_calls: Array.from({ length: limits.toolsPerTurn }, () => call) },
    { messages: Array.from({ length: limits.messagesPerLine + 1 }, () => ({})) },
    { role: 'assistant', tool_calls: [{ id: 'c', function: { name: 'f', arguments: deep } }] },
    { role: 'assistant', tool_calls: 'f' },
    { role: 'assistant', tool_calls: [null] },
    { messages: [] },
  )

  expect(malformed.map(({ line, code }) => [line, code])).toEqual([
    [1, 'too_many'],
    [3, 'too_many'],
    [4, 'too_deep'],
    [5, 'not_a_turn'],
    [6, 'not_a_turn'],
  ])
  expect(drafts).toHaveLength(1)
})

function parse(...records: unknown[]) {
  const text = records.map((record) => JSON.stringify(record)).join('\n')
  return parseTranscript(text, { format: 'openai', firstLine: 1 })
}

function draft(key: string, role: string, content: string) {
  return { session: 'main', key, role, content, toolCalls: [], toolResults: [], at: null }
}
