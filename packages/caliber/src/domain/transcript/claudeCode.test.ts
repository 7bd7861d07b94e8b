import { expect, test } from 'vitest'
import { parseTranscript } from './parse.ts'

test('a prompt, a reply with a tool call, and the tool result are three turns', () => {
  const { drafts, malformed, ignored } = parse(
    entry('user', 'u1', 'List the files'),
    entry('assistant', 'u2', [
      { type: 'thinking', thinking: 'private', signature: 'x' },
      { type: 'text', text: 'Looking.' },
      { type: 'tool_use', id: 'toolu_1', name: 'Bash', input: { command: 'ls' } },
    ]),
    { ...entry('user', 'u3', [toolResult('toolu_1', 'a.txt')]), toolUseResult: { stdout: 'a.txt' } },
  )

  expect(malformed).toEqual([])
  expect(ignored).toBe(0)
  expect(drafts).toEqual([
    { line: 1, draft: draft('u1', 'user', 'List the files') },
    {
      line: 2,
      draft: {
        ...draft('u2', 'assistant', 'Looking.'),
        toolCalls: [{ id: 'toolu_1', name: 'Bash', input: { command: 'ls' } }],
      },
    },
    {
      line: 3,
      draft: { ...draft('u3', 'tool', ''), toolResults: [{ callId: 'toolu_1', content: 'a.txt', isError: false }] },
    },
  ])
})

test('tool results may be failed, a list of blocks, empty, or an object', () => {
  const { drafts } = parse(
    entry('user', 'u1', [
      {
        ...toolResult('a', [
          { type: 'text', text: 'one' },
          { type: 'image', source: {} },
          { type: 'text', text: 'two' },
        ]),
      },
      { ...toolResult('b', 'boom'), is_error: true },
      { type: 'tool_result', tool_use_id: 'c' },
      { type: 'web_search_tool_result', content: { type: 'web_search_tool_result_error' } },
    ]),
  )

  expect(drafts[0]?.draft.toolResults).toEqual([
    { callId: 'a', content: 'one\n[image]\ntwo', isError: false },
    { callId: 'b', content: 'boom', isError: true },
    { callId: 'c', content: '', isError: false },
    { callId: '', content: '[web_search_tool_result_error]', isError: false },
  ])
})

test('text beside a tool result makes it a user turn again, and an image is named', () => {
  const { drafts } = parse(
    entry('user', 'u1', [toolResult('a', 'x'), { type: 'text', text: 'Stop.' }]),
    entry('user', 'u2', [{ type: 'image', source: { data: 'AAAA' } }]),
  )

  expect(drafts.map(({ draft }) => [draft.role, draft.content])).toEqual([
    ['user', 'Stop.'],
    ['user', '[image]'],
  ])
})

test('one reply split over lines with one message id stays several turns', () => {
  const message = { id: 'msg_1', role: 'assistant' }
  const { drafts } = parse(
    { ...entry('assistant', 'u1', ''), message: { ...message, content: [{ type: 'text', text: 'a' }] } },
    { ...entry('assistant', 'u2', ''), message: { ...message, content: [{ type: 'text', text: 'b' }] } },
  )

  expect(drafts.map(({ draft }) => draft.key)).toEqual(['u1', 'u2'])
})

test('meta lines, thinking alone, bookkeeping and unknown types are ignored, not malformed', () => {
  const { drafts, malformed, ignored } = parse(
    { type: 'summary', summary: 'Title', leafUuid: 'x' },
    { type: 'file-history-snapshot', messageId: 'm', snapshot: {} },
    { type: 'queue-operation', operation: 'enqueue', content: 'later' },
    { type: 'a-type-of-next-year', uuid: 'z' },
    { ...entry('user', 'u1', 'caveat'), isMeta: true },
    entry('assistant', 'u2', [{ type: 'thinking', thinking: 'hm' }]),
    { type: 'system', subtype: 'compact_boundary', content: 'Conversation compacted', uuid: 's1' },
    entry('user', 'u3', ''),
  )

  expect(drafts).toEqual([])
  expect(malformed).toEqual([])
  expect(ignored).toBe(8)
})

test('what the harness says is a system turn whoever it is attributed to', () => {
  const { drafts } = parse(
    { type: 'system', subtype: 'local_command', content: '<command-name>/model</command-name>', uuid: 's1' },
    { type: 'system', content: 'Hook failed', level: 'warning', uuid: 's2' },
    { ...entry('user', 'u1', 'This session is being continued'), isCompactSummary: true },
    { ...entry('assistant', 'u2', 'API Error: 529'), isApiErrorMessage: true },
  )

  expect(drafts.map(({ draft }) => [draft.key, draft.role])).toEqual([
    ['s1', 'system'],
    ['s2', 'system'],
    ['u1', 'system'],
    ['u2', 'system'],
  ])
})

test('sidechains are sessions of their own, one per agent where it is named', () => {
  const { drafts } = parse(
    { ...entry('user', 'u1', 'a'), isSidechain: true },
    { ...entry('user', 'u2', 'b'), isSidechain: true, agentId: 'de30ae5d' },
    { type: 'user', uuid: 'u3', session_id: 'S', parent_tool_use_id: 'toolu_1', message: { content: 'c' } },
    { type: 'user', uuid: 'u4', session_id: 'S', parent_tool_use_id: null, message: { content: 'd' } },
  )

  expect(drafts.map(({ draft }) => draft.session)).toEqual(['S/sidechain', 'S/agent-de30ae5d', 'S/sidechain', 'S'])
})

test('missing uuid, session and time have fallbacks; a bad time is reported and the turn kept', () => {
  const { drafts, malformed } = parse(
    { type: 'user', message: { role: 'user', content: 'bare' } },
    { ...entry('user', 'u2', 'late'), timestamp: 'yesterday' },
  )

  expect(drafts[0]?.draft).toEqual({ ...draft('l1', 'user', 'bare'), session: 'main', at: null })
  expect(drafts[1]?.draft).toEqual({ ...draft('u2', 'user', 'late'), at: null })
  expect(malformed).toEqual([{ line: 2, code: 'bad_time', message: expect.stringContaining('without its time') }])
})

test('records without what their type promises are malformed, and the rest of the file is read', () => {
  const { drafts, malformed } = parse(
    [1],
    { uuid: 'no type' },
    { type: 'user', uuid: 'u1' },
    entry('user', 'u2', 7),
    entry('user', 'u3', [7]),
    entry('assistant', 'u4', [{ type: 'tool_use', id: 'x', input: {} }]),
    entry('user', 'u5', [toolResult('x', [3])]),
    entry('user', 'u6', 'fine'),
  )

  expect(malformed.map(({ line, code }) => [line, code])).toEqual([1, 2, 3, 4, 5, 6, 7].map((n) => [n, 'not_a_turn']))
  expect(drafts.map(({ draft }) => draft.key)).toEqual(['u6'])
})

test('a line written twice has one key', () => {
  const { drafts } = parse(entry('user', 'u1', 'again'), entry('user', 'u1', 'again'))

  expect(new Set(drafts.map(({ draft }) => draft.key)).size).toBe(1)
})

function parse(...records: unknown[]) {
  const text = records.map((record) => JSON.stringify(record)).join('\n')
  return parseTranscript(text, { format: 'claude-code', firstLine: 1 })
}

function entry(type: 'user' | 'assistant', uuid: string, content: unknown) {
  return {
    parentUuid: null,
    isSidechain: false,
    sessionId: 'S',
    type,
    message: { role: type, content },
    uuid,
    timestamp: '2025-12-03T18:27:04.359Z',
  }
}

function toolResult(id: string, content: unknown) {
  return { type: 'tool_result', tool_use_id: id, content }
}

function draft(key: string, role: string, content: string) {
  return { session: 'S', key, role, content, toolCalls: [], toolResults: [], at: '2025-12-03T18:27:04.359Z' }
}
