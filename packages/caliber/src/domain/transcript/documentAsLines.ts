import { limits } from './limits.ts'
import { splitRecords } from './records.ts'

/** Turn the text of a whole transcript into JSON lines: a JSON document by element, lines as they are. */
export function documentAsLines(text: string): string {
  const splitter = splitRecords(limits.lineChars)
  let lines = ''
  let next = 1
  for (const record of [...splitter.push(text), ...splitter.end()]) {
    // Blank lines were dropped; they come back so that line numbers stay right.
    lines += `${'\n'.repeat(record.line - next)}${record.text}\n`
    next = record.line + 1
  }
  return lines
}
