/** How values come back from the server, in the same form from every driver; see the contract of `Sql`. */
import { CaliberError } from '../domain/errors.ts'

/** @throws CaliberError `internal` when the integer does not fit a JavaScript number */
export function safeInteger(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value))
    throw new CaliberError('internal', 'A stored integer is beyond 2^53. Please report this.')
  return value
}

/**
 * `2026-11-22 00:13:36.123456+00` → `2026-11-22T00:13:36.123Z`
 *
 * @throws CaliberError `internal` when JavaScript cannot hold the time, such as `infinity`
 */
export function isoUtc(text: string): string {
  const time = new Date(text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'))
  if (Number.isNaN(time.getTime())) throw unreadable('time')
  return time.toISOString()
}

/**
 * Read a one-dimensional array literal: `{a,"b \"c\"",NULL}`.
 *
 * @throws CaliberError `internal` when it has no end, or a quoted item has none
 */
export function parseTextArray(literal: string): (string | null)[] {
  if (!literal.startsWith('{') || !literal.endsWith('}')) throw unreadable('list')
  const items: (string | null)[] = []
  let i = 1
  while (i < literal.length - 1) {
    let item = ''
    if (literal[i] === '"') {
      for (i += 1; literal[i] !== '"'; i += 1) {
        if (i >= literal.length) throw unreadable('list')
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

function unreadable(what: string): CaliberError {
  return new CaliberError('internal', `A stored ${what} cannot be read. Please report this.`)
}
