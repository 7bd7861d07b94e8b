/**
 * Reader for OpenAI-style chat: a line is one message, or one conversation.
 *
 * - A message `{role, content, tool_calls?, tool_call_id?}` belongs to session `main` and has key `m<i>`, where i is
 *   the position of its line, counted from 0.
 * - A conversation `{messages: […]}` (fine-tuning data), or a bare array of messages, is a session of its own: its `id`
 *   or `conversation_id`, else `c<i>`. Its turns have keys `c<i>/m<j>`.
 * - A message with an `id` has it appended, `m3:msg_abc`: positions keep keys unique even where ids repeat, and another
 *   message at the same position is another turn.
 *
 * Chat completions, the older `function_call`, Assistants content parts and Responses items (`function_call`,
 * `function_call_output`, `reasoning`) are understood. Tool arguments are parsed as JSON, and kept as a string when they
 * are not. A whole JSON document becomes such lines in `transcriptChunks`.
 */

import type { Role } from '../turn.ts'
import { DraftBuilder, IGNORED, identifier, malformed, type Outcome } from './builder.ts'
import { excerpt } from './excerpt.ts'
import { isObject, type JsonObject, readJson } from './json.ts'
import { limits } from './limits.ts'
import { contentText } from './parts.ts'

const ROLES: ReadonlyMap<unknown, Role> = new Map<unknown, Role>([
  ['user', 'user'],
  ['assistant', 'assistant'],
  ['system', 'system'],
  ['developer', 'system'],
  ['tool', 'tool'],
  ['function', 'tool'],
])

/** Read one line: a message, a conversation, or an array of messages. */
export function readOpenai(value: unknown, line: number): readonly Outcome[] {
  const position = line - 1
  const messages = isObject(value) ? value['messages'] : value
  if (!Array.isArray(messages)) return [readMessage(value, { session: 'main', key: `m${position}` })]
  if (messages.length === 0) return [IGNORED]
  if (messages.length > limits.messagesPerLine) {
    const most = limits.messagesPerLine
    return [
      malformed('too_many', `The conversation has ${messages.length} messages; expected at most ${most} on a line`),
    ]
  }

  const named = isObject(value) ? (identifier(value['id']) ?? identifier(value['conversation_id'])) : undefined
  const session = named ?? `c${position}`
  return messages.map((message, index) => {
    const outcome = readMessage(message, { session, key: `c${position}/m${index}` })
    if (outcome.kind !== 'malformed') return outcome
    return malformed(outcome.code, `messages[${index}]: ${outcome.message}`)
  })
}

interface Place {
  readonly session: string
  readonly key: string
}

function readMessage(message: unknown, place: Place): Outcome {
  if (!isObject(message)) {
    return malformed('not_a_turn', `Expected a message {role, content} or {messages: […]}, found ${excerpt(message)}`)
  }
  if (message['role'] === undefined && typeof message['type'] === 'string') return readItem(message, place)
  const role = ROLES.get(message['role'])
  if (role === undefined) {
    const expected = [...ROLES.keys()].join(', ')
    return malformed('not_a_turn', `Expected a role of ${expected}, found ${excerpt(message['role'])}`)
  }

  const builder = new DraftBuilder()
  const text = contentText(message['content'] ?? message['refusal'])
  if (text === undefined) builder.refuse('not_a_turn', '"content" must be a string, null or a list of parts')
  if (role === 'tool') {
    builder.result(message['tool_call_id'] ?? message['name'], text ?? '', message['is_error'] === true)
  } else {
    builder.text(text ?? '')
  }
  readCalls(message, builder)
  return finish(builder, message, place, role)
}

/** A Responses item that has a type instead of a role. */
function readItem(item: JsonObject, place: Place): Outcome {
  const builder = new DraftBuilder()
  switch (item['type']) {
    case 'function_call':
      builder.call(item['call_id'] ?? item['id'], item['name'], callInput(item['arguments'], builder))
      return finish(builder, item, place, 'assistant')
    case 'function_call_output':
      builder.result(item['call_id'], contentText(item['output']) ?? '', item['status'] === 'incomplete')
      return finish(builder, item, place, 'tool')
    case 'reasoning':
      return IGNORED
    default:
      return malformed('not_a_turn', `Expected a role, found none on an item of type ${excerpt(item['type'])}`)
  }
}

function finish(builder: DraftBuilder, message: JsonObject, place: Place, role: Role): Outcome {
  const id = identifier(message['id'])
  return builder.finish({
    session: place.session,
    key: id === undefined ? place.key : `${place.key}:${id}`,
    role,
    time: message['created_at'] ?? message['timestamp'] ?? message['create_time'],
  })
}

function readCalls(message: JsonObject, builder: DraftBuilder): void {
  const calls = message['tool_calls'] ?? []
  if (!Array.isArray(calls)) return builder.refuse('not_a_turn', `"tool_calls" must be a list, found ${excerpt(calls)}`)
  for (const call of calls) {
    if (!isObject(call)) return builder.refuse('not_a_turn', `A tool call must be an object, found ${excerpt(call)}`)
    const called = [call['function'], call['custom']].find(isObject) ?? call
    builder.call(call['id'], called['name'], callInput(called['arguments'] ?? called['input'], builder))
  }
  const legacy = message['function_call']
  if (isObject(legacy)) builder.call(undefined, legacy['name'], callInput(legacy['arguments'], builder))
}

/** Arguments are JSON in a string; a model may also write something that is not JSON. */
function callInput(text: unknown, builder: DraftBuilder): unknown {
  if (typeof text !== 'string') return text
  const reading = readJson(text)
  if (reading.kind === 'too_deep') {
    builder.refuse('too_deep', `Tool arguments nest too deeply; expected at most ${limits.depth} levels`)
  }
  return reading.kind === 'value' ? reading.value : text
}
