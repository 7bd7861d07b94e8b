import { malformed, type Outcome } from './builder.ts'
import { readClaudeCode } from './claudeCode.ts'
import type { Malformed, NumberedDraft, ParsedChunk, TranscriptFormat } from './draft.ts'
import { excerpt } from './excerpt.ts'
import { readJson } from './json.ts'
import { limits, OVERLONG_LINE } from './limits.ts'
import { readOpenai } from './openai.ts'
import { readPlain } from './plain.ts'

const READERS: Readonly<Record<TranscriptFormat, (value: unknown, line: number) => readonly Outcome[]>> = {
  'claude-code': readClaudeCode,
  openai: readOpenai,
  plain: readPlain,
}

/**
 * Read turns from whole lines of a transcript, in linear time and without ever throwing.
 *
 * Lines end at `\n`; a `\r` before it, a byte order mark and blank lines are skipped. The result depends on each line and
 * its number alone, so a transcript may be cut into chunks between any two lines.
 *
 * @param options.firstLine number of the first line of `text` in its source, counted from 1
 */
export function parseTranscript(
  text: string,
  options: { readonly format: TranscriptFormat; readonly firstLine: number },
): ParsedChunk {
  const drafts: NumberedDraft[] = []
  const problems: Malformed[] = []
  let ignored = 0
  let repaired = 0

  let line = options.firstLine
  for (let start = 0; start <= text.length; line++) {
    const newline = text.indexOf('\n', start)
    const end = newline === -1 ? text.length : newline
    for (const outcome of readLine(text.slice(start, end), line, options.format)) {
      if (outcome.kind === 'malformed') {
        problems.push({ line, code: outcome.code, message: outcome.message })
      } else if (outcome.kind === 'ignored') {
        ignored++
      } else {
        drafts.push({ line, draft: outcome.draft })
        repaired += outcome.repaired
        if (outcome.badTime) problems.push({ line, code: 'bad_time', message: BAD_TIME })
      }
    }
    start = end + 1
  }
  return { drafts, malformed: problems, ignored, repaired }
}

const BAD_TIME = 'The turn was kept without its time; expected ISO-8601 or Unix seconds between 1970 and 9999'

function readLine(line: string, number: number, format: TranscriptFormat): readonly Outcome[] {
  const text = line.trim()
  const chars = line.endsWith('\r') ? line.length - 1 : line.length
  if (chars > limits.lineChars || text === OVERLONG_LINE) {
    return [malformed('too_long', `The line is longer than ${limits.lineChars} characters`)]
  }
  if (text === '') return []
  const reading = readJson(text)
  switch (reading.kind) {
    case 'not_json':
      return [
        malformed('not_json', `Expected one JSON value on the line, found text that starts with ${excerpt(text)}`),
      ]
    case 'too_deep':
      return [malformed('too_deep', `The line nests too deeply; expected at most ${limits.depth} levels`)]
    case 'value':
      return READERS[format](reading.value, number)
  }
}
