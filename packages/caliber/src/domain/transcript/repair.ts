/** What `repairText` and `repairJson` did; one tally is shared by all strings of a turn. */
export interface Tally {
  /** Characters replaced by U+FFFD. */
  repaired: number
  /** UTF-16 units seen, plus one per JSON value. */
  chars: number
}

/** In `u` mode a surrogate range matches lone surrogates only: a pair is one code point above it. */
// oxlint-disable-next-line no-control-regex -- NUL is what is looked for
const UNSTORABLE = /[\u{0}\u{d800}-\u{dfff}]/gu

/** Replace what Postgres cannot store in text, NUL and lone surrogates, by U+FFFD. */
export function repairText(text: string, tally: Tally): string {
  tally.chars += text.length
  return text.replace(UNSTORABLE, () => {
    tally.repaired++
    return '\u{fffd}'
  })
}

/**
 * Repair every string of a JSON value, keys included; 1e999, which parses to Infinity, becomes null as it does in JSON.
 * Recursive: the caller has bounded the nesting.
 *
 * Objects are rebuilt with `Object.fromEntries`, which defines properties and never assigns them, so a `__proto__` key
 * stays data.
 */
export function repairJson(value: unknown, tally: Tally): unknown {
  tally.chars++
  if (typeof value === 'string') return repairText(value, tally)
  if (Array.isArray(value)) return value.map((item) => repairJson(item, tally))
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [repairText(key, tally), repairJson(item, tally)]),
  )
}
