import { limits } from './limits.ts'

/** A parsed JSON object; fields are read by name and checked where they are used. */
export type JsonObject = Readonly<Record<string, unknown>>

/** Tell a JSON object from arrays and scalars. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Outcome of `readJson`: a value, or why there is none. */
type JsonReading =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'not_json' }
  | { readonly kind: 'too_deep' }

/**
 * Parse JSON whose nesting is bounded, without throwing.
 *
 * The depth is checked on the text first: four million open brackets would cost `JSON.parse` hundreds of megabytes,
 * and every later walk over the value may then recurse.
 */
export function readJson(text: string): JsonReading {
  if (deeperThan(text, limits.depth)) return { kind: 'too_deep' }
  try {
    return { kind: 'value', value: JSON.parse(text) }
  } catch {
    return { kind: 'not_json' }
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Count brackets outside strings. Linear: a string is skipped by native search, each backslash run counted once. */
function deeperThan(text: string, limit: number): boolean {
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) i = closingQuote(text, i)
    else if (code === 0x7b || code === 0x5b) depth++
    else if (code === 0x7d || code === 0x5d) depth--
    if (depth > limit) return true
  }
  return false
}

function closingQuote(text: string, open: number): number {
  let quote = text.indexOf('"', open + 1)
  while (quote !== -1) {
    let backslashes = 0
    while (text.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return quote
    quote = text.indexOf('"', quote + 1)
  }
  return text.length
}
