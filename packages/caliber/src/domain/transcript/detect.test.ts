import { expect, test } from 'vitest'
import { detectFormat } from './detect.ts'

test.each([
  ['{"type":"summary","summary":"Title","leafUuid":"x"}\n{"type":"us', 'claude-code'],
  ['{"type":"user","message":{"role":"user","content":"a"}}', 'claude-code'],
  ['{"type":"system","subtype":"init","session_id":"s"}', 'claude-code'],
  ['[{"type":"user","uuid":"u","message":{}}]', 'claude-code'],
  ['{"role":"user","content":"a"}\n{"role":"user","content":"b","at":"2024-01-01"}', 'openai'],
  ['\ufeff\r\n{"messages":[]}', 'openai'],
  ['[\n  {"role": "user", "content": "a"},\n  {"ro', 'openai'],
  ['[[{"role":"user","content":"a"}]]', 'openai'],
  ['{\n  "id": "c",\n  "messages": [\n    {"role": "user", "content": "a"},', 'openai'],
  ['{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}', 'openai'],
  ['{"role":"user","content":"a","session":"s"}', 'plain'],
  ['not json\n{"role":"user","content":"a","at":null}', 'plain'],
] as const)('%j is %s', (text, format) => {
  expect(detectFormat(text)).toBe(format)
})

test.each([
  '',
  '\n\n',
  'hello',
  '[',
  '{',
  'null',
  '[1,2]',
  '{"a":1}',
  '{"type":"event"}',
  '[2024-01-01] log line\n',
])('%j is no transcript', (text) => {
  expect(detectFormat(text)).toBeUndefined()
})
