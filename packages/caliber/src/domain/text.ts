/**
 * What text may come in: any Unicode but NUL and lone surrogates, which Postgres cannot store and UTF-8 cannot carry.
 * Input is accepted or refused, never cleaned.
 */
import { CaliberError } from './errors.ts'
import { limits } from './limits.ts'

/**
 * Check every string, key and level of a JSON value. Iterative: hostile nesting cannot exhaust the stack.
 *
 * @throws CaliberError `invalid_input` naming the path of the first offence
 */
export function assertStorable(value: unknown): void {
  const open: { value: unknown; path: string; depth: number }[] = [{ value, path: '', depth: 0 }]
  for (let entry = open.pop(); entry; entry = open.pop()) {
    const { value, path, depth } = entry
    if (typeof value === 'string') assertText(value, path)
    if (typeof value !== 'object' || value === null) continue
    if (depth >= limits.jsonDepth) throw refused(path, `is nested deeper than ${limits.jsonDepth} levels`)
    for (const [key, inner] of Object.entries(value)) {
      assertText(key, path)
      open.push({ value: inner, path: path === '' ? key : `${path}.${key}`, depth: depth + 1 })
    }
  }
}

function assertText(text: string, path: string): void {
  if (text.includes('\0')) throw refused(path, 'contains a NUL character')
  if (!text.isWellFormed()) throw refused(path, 'contains a lone surrogate, which is not valid Unicode')
}

function refused(path: string, what: string): CaliberError {
  const shown = path.isWellFormed() && !path.includes('\0') && path.length <= 200 ? path : ''
  return new CaliberError('invalid_input', `${shown === '' ? 'The input' : shown} ${what}. Remove it and send again.`, {
    path: shown,
  })
}

const mostShownChars = 200

/** Quote back at most so much of what a caller sent; a cut may fall between the halves of a character. */
export function shown(text: string): string {
  return text.length <= mostShownChars ? text.toWellFormed() : `${text.slice(0, mostShownChars).toWellFormed()}…`
}
