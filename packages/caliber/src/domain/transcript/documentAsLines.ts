import { type Cut, openChunk } from './chunks.ts'
import { limits } from './limits.ts'
import { splitRecords } from './records.ts'

/** Turn the text of a whole transcript into JSON lines: a JSON document by element, lines as they are. */
export function documentAsLines(text: string): Cut {
  const splitter = splitRecords(limits.lineChars)
  const lines = openChunk(Number.POSITIVE_INFINITY)
  for (const record of [...splitter.push(text), ...splitter.end()]) lines.add(record)
  return lines.close() ?? { text: '', firstLine: 1 }
}
