/**
 * Reader for Claude Code session files and its `stream-json` output: one record per line.
 *
 * The format is internal to Claude Code and changes between releases; what is read here was checked against public
 * descriptions of real files (versions 1.0 to 2.1). Decisions:
 *
 * - `user` and `assistant` records are turns. One reply of the model is split over several lines with one
 *   `message.id`; each line is its own turn, because each has its own `uuid`.
 * - A `user` record with tool results and no text has role `tool`.
 * - Words the harness wrote have role `system`, whoever they are attributed to: compaction summaries
 *   (`isCompactSummary`), API errors and other messages of the `<synthetic>` model, and `system` records without a
 *   subtype or with `local_command`. Other system records are bookkeeping.
 * - Ignored: `isMeta`, every other record type, thinking. `toolUseResult` repeats the result for the interface.
 * - Sidechains are kept: a subagent's turns get the session `<sessionId>/agent-<agentId>`, or `<sessionId>/sidechain`
 *   in older files that do not name the agent.
 * - The key is the `uuid`, else the line number. A line written twice, or repeated in a resumed session, is one turn.
 */

import type { Role } from '../turn.ts'
import { DraftBuilder, IGNORED, identifier, malformed, type Outcome } from './builder.ts'
import { excerpt } from './excerpt.ts'
import { isObject, type JsonObject } from './json.ts'
import { contentText, partText } from './parts.ts'

/** Read one record of a Claude Code transcript. */
export function readClaudeCode(record: unknown, line: number): readonly Outcome[] {
  return [readRecord(record, line)]
}

function readRecord(record: unknown, line: number): Outcome {
  if (!isObject(record)) return malformed('not_a_turn', `Expected an object with a type, found ${excerpt(record)}`)
  const type = record['type']
  if (typeof type !== 'string') return malformed('not_a_turn', 'Expected an object with a string "type"')
  if (record['isMeta'] === true) return IGNORED
  if (type === 'system') return readSystem(record, line)
  if (type !== 'user' && type !== 'assistant') return IGNORED

  const message = record['message']
  if (!isObject(message)) return malformed('not_a_turn', `A record of type "${type}" needs an object "message"`)
  const builder = new DraftBuilder()
  const found = readBlocks(message['content'], builder)
  const fromHarness =
    record['isCompactSummary'] === true || record['isApiErrorMessage'] === true || message['model'] === '<synthetic>'
  const speaker = type === 'user' && found.results && !found.text ? 'tool' : type
  return finish(builder, record, line, fromHarness ? 'system' : speaker)
}

function readSystem(record: JsonObject, line: number): Outcome {
  const subtype = record['subtype'] ?? 'local_command'
  if (subtype !== 'local_command' || typeof record['content'] !== 'string') return IGNORED
  const builder = new DraftBuilder()
  builder.text(record['content'])
  return finish(builder, record, line, 'system')
}

function finish(builder: DraftBuilder, record: JsonObject, line: number, role: Role): Outcome {
  return builder.finish({
    session: session(record),
    key: identifier(record['uuid']) ?? `l${line}`,
    role,
    time: record['timestamp'],
  })
}

function session(record: JsonObject): string {
  const main = identifier(record['sessionId']) ?? identifier(record['session_id']) ?? 'main'
  if (record['isSidechain'] !== true && identifier(record['parent_tool_use_id']) === undefined) return main
  const agent = identifier(record['agentId'])
  return agent === undefined ? `${main}/sidechain` : `${main}/agent-${agent}`
}

/** Sort the blocks of a message into text, calls and results. */
function readBlocks(content: unknown, builder: DraftBuilder): { text: boolean; results: boolean } {
  const found = { text: false, results: false }
  if (typeof content !== 'string' && !Array.isArray(content)) {
    builder.refuse('not_a_turn', `"message.content" must be a string or a list of blocks, found ${excerpt(content)}`)
    return found
  }
  for (const block of typeof content === 'string' ? [content] : content) {
    if (isToolUse(block)) {
      builder.call(block['id'], block['name'], block['input'])
    } else if (isToolResult(block)) {
      found.results = true
      readResult(block, builder)
    } else {
      const text = partText(block)
      if (text === undefined) builder.refuse('not_a_turn', `A block must be an object, found ${excerpt(block)}`)
      else if (text.trim() !== '') found.text = true
      builder.text(text ?? '')
    }
  }
  return found
}

function readResult(block: JsonObject, builder: DraftBuilder): void {
  const text = contentText(block['content'])
  if (text === undefined)
    builder.refuse('not_a_turn', 'The content of a tool result must be a string or a list of blocks')
  builder.result(block['tool_use_id'], text ?? '', block['is_error'] === true)
}

/** `tool_use`, and the variants for tools the vendor runs: `server_tool_use`, `mcp_tool_use`. */
function isToolUse(block: unknown): block is JsonObject {
  return isObject(block) && typeof block['type'] === 'string' && /^(\w+_)?tool_use$/.test(block['type'])
}

/** `tool_result`, and variants such as `web_search_tool_result`. */
function isToolResult(block: unknown): block is JsonObject {
  return isObject(block) && typeof block['type'] === 'string' && /^(\w+_)?tool_result$/.test(block['type'])
}
