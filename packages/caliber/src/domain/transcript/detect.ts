import type { TranscriptFormat } from './draft.ts'
import { isObject, type JsonObject, readJson } from './json.ts'
import { limits } from './limits.ts'
import { splitRecords } from './records.ts'

/** Records looked at before giving up. */
const MAX_RECORDS = 100

/**
 * Recognise the format of a transcript from its beginning, cut anywhere.
 *
 * The first record that fits a format decides, so that a file is not read differently once it has grown. A bare
 * `{role, content}` is `openai`, which reads more than `plain`; `plain` is told by `at` or `session` beside the role.
 *
 * @returns undefined when no record fits: empty, not JSON, or another format
 */
export function detectFormat(firstRecords: string): TranscriptFormat | undefined {
  const splitter = splitRecords(limits.lineChars)
  for (const { text } of [...splitter.push(firstRecords), ...splitter.end()].slice(0, MAX_RECORDS)) {
    const reading = readJson(text.trim())
    const format = reading.kind === 'value' ? formatOf(reading.value) : undefined
    if (format !== undefined) return format
  }
  return undefined
}

const CLAUDE_CODE_FIELDS = ['sessionId', 'session_id', 'uuid', 'parentUuid', 'leafUuid', 'snapshot'] as const

/** Records of the Responses API that have a type and no role. */
const RESPONSES_ITEMS = ['function_call', 'function_call_output', 'reasoning'] as const

function formatOf(value: unknown): TranscriptFormat | undefined {
  if (Array.isArray(value)) return value.some((item) => isObject(item) && has(item, 'role')) ? 'openai' : undefined
  if (!isObject(value)) return undefined
  if (Array.isArray(value['messages'])) return 'openai'
  if (typeof value['role'] === 'string') return has(value, 'at') || has(value, 'session') ? 'plain' : 'openai'
  if (typeof value['type'] !== 'string') return undefined
  if (RESPONSES_ITEMS.some((type) => type === value['type'])) return 'openai'
  const isClaudeCode = isObject(value['message']) || CLAUDE_CODE_FIELDS.some((name) => has(value, name))
  return isClaudeCode ? 'claude-code' : undefined
}

function has(value: JsonObject, name: string): boolean {
  return Object.hasOwn(value, name)
}
