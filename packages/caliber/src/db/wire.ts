/** How values come back from the server, in the same form from every driver; see the contract of `Sql`. */
import { CaliberError } from '../domain/errors.ts'

/** @throws CaliberError `internal` when the integer does not fit a JavaScript number */
export function safeInteger(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value))
    throw new CaliberError('internal', 'A stored integer is beyond 2^53. Please report this.')
  return value
}

/** `2026-11-22 00:13:36.123456+00` → `2026-11-22T00:13:36.123Z` */
export function isoUtc(text: string): string {
  return new Date(text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00')).toISOString()
}

/** Read a one-dimensional array literal: `{a,"b \"c\"",NULL}`. */
export function parseTextArray(literal: string): (string | null)[] {
  const items: (string | null)[] = []
  let i = 1
  while (i < literal.length - 1) {
    let item = ''
    if (literal[i] === '"') {
      for (i += 1; literal[i] !== '"'; i += 1) {
        if (literal[i] === '\\') i += 1
        item += literal[i] ?? ''
      }
      items.push(item)
      i += 2
    } else {
      while (i < literal.length - 1 && literal[i] !== ',') {
        item += literal[i] ?? ''
        i += 1
      }
      items.push(item === 'NULL' ? null : item)
      i += 1
    }
  }
  return items
}
