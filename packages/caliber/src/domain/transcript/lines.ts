import { OVERLONG_LINE } from './limits.ts'

/** One record of a source: a line, or an element of a JSON document. Never blank, never contains `\n`. */
export interface SourceRecord {
  /** Number of the line, or of the element, counted from 1. */
  readonly line: number
  /** The text as it stands, or `OVERLONG_LINE`. */
  readonly text: string
}

/** Cuts a stream of text into records. Fed in order; `end` closes the last record. */
export interface Splitter {
  push(text: string): SourceRecord[]
  end(): SourceRecord[]
}

/**
 * Cut text at `\n`. Blank lines count but are not emitted; of a line beyond `maxLineChars` nothing is kept.
 *
 * @param maxLineChars upper bound for a line without its line end, in UTF-16 units
 */
export function splitLines(maxLineChars: number): Splitter {
  let line = 1
  let pending = ''
  let overlong = false

  const append = (text: string): void => {
    // One more than the bound: the last character may turn out to be the \r of the line end.
    if (!overlong && pending.length + text.length > maxLineChars + 1) {
      overlong = true
      pending = ''
    }
    if (!overlong) pending += text
  }
  const close = (records: SourceRecord[]): void => {
    const chars = pending.endsWith('\r') ? pending.length - 1 : pending.length
    if (overlong || chars > maxLineChars) records.push({ line, text: OVERLONG_LINE })
    else if (pending.trim() !== '') records.push({ line, text: pending })
    line++
    pending = ''
    overlong = false
  }

  return {
    push(text) {
      const records: SourceRecord[] = []
      let start = 0
      for (let newline = text.indexOf('\n'); newline !== -1; newline = text.indexOf('\n', start)) {
        append(text.slice(start, newline))
        close(records)
        start = newline + 1
      }
      append(text.slice(start))
      return records
    },
    end() {
      const records: SourceRecord[] = []
      if (pending !== '' || overlong) close(records)
      return records
    },
  }
}
