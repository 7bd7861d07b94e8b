import { splitDocument } from './document.ts'
import { type SourceRecord, type Splitter, splitLines } from './lines.ts'

/**
 * Cut a source into records: JSON lines by line, whole JSON documents by element.
 *
 * A source is a document when its first character (white space and a byte order mark aside) is `[`, or `{` on a line
 * that ends in the middle of the JSON as pretty-printers break lines: after `{`, `[` or a comma, and inside an object not
 * followed by another `{`, as a torn JSON line would be. Everything else is lines; an object on one line always is, so a
 * file of conversations does not change its meaning when a second one is appended.
 *
 * @param maxLineChars upper bound for a line or element, in UTF-16 units
 */
export function splitRecords(maxLineChars: number): Splitter {
  /** White space and, after a `{`, the first line and the next character: held back until the kind is known. */
  let head = ''
  let seen: 'nothing' | 'brace' | 'line' = 'nothing'
  let chosen: Splitter | undefined

  const choose = (kind: 'document' | 'lines'): SourceRecord[] => {
    chosen = kind === 'document' ? splitDocument(maxLineChars) : splitLines(maxLineChars)
    const records = chosen.push(head)
    head = ''
    return records
  }

  return {
    push(text) {
      if (chosen !== undefined) return chosen.push(text)
      const start = head.length
      head += text
      // What comes behind the limit decides nothing, or the answer would depend on how the source was cut.
      const decide = (at: number, isDocument: boolean) =>
        choose(isDocument && start + at <= maxLineChars ? 'document' : 'lines')
      let from = 0
      if (seen === 'nothing') {
        from = text.search(NOT_BLANK)
        if (from !== -1 && text[from] !== '{') return decide(from, text[from] === '[')
        if (from !== -1) seen = 'brace'
      }
      if (seen === 'brace') {
        from = text.indexOf('\n', from)
        if (from !== -1) seen = 'line'
      }
      if (seen === 'line') {
        const next = text.slice(from).search(NOT_BLANK)
        if (next !== -1) return decide(from + next, isPrinted(head))
      }
      return head.length > maxLineChars ? choose('lines') : []
    },
    end() {
      const records = chosen === undefined ? choose('lines') : []
      return [...records, ...(chosen?.end() ?? [])]
    },
  }
}

const NOT_BLANK = /[^\s\ufeff]/

/** Is the first line with text on it the first line of a pretty-printed object? */
function isPrinted(head: string): boolean {
  const start = head.indexOf('{')
  const lineEnd = head.indexOf('\n', start)
  const line = head.slice(start, lineEnd).trimEnd()
  if (!/[{[,]$/.test(line)) return false
  const open: string[] = []
  let inString = false
  for (let i = 0; i < line.length; i++) {
    const char = line.charAt(i)
    if (char === '"') inString = !inString
    else if (inString && char === '\\') i++
    else if (!inString && (char === '{' || char === '[')) open.push(char)
    else if (!inString && (char === '}' || char === ']')) open.pop()
  }
  const next = head[head.slice(lineEnd).search(NOT_BLANK) + lineEnd]
  const innermost = open.at(-1)
  return !inString && innermost !== undefined && !(innermost === '{' && next === '{')
}
