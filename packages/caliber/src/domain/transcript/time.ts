/** Date, optional time, optional zone; the fraction may be as long as the writer likes. */
const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9})\d*)?)?\s?(Z|z|[+-]\d\d(?::?\d\d)?)?)?$/

/** Numbers from here on are milliseconds: as seconds they would be the year 5138, as milliseconds they are 1973. */
const FIRST_MILLISECONDS = 1e11

const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

/**
 * Read a time as ISO-8601 UTC with milliseconds.
 *
 * Takes ISO-8601 strings and Unix times in seconds (or milliseconds, told apart by size), 1970 to 9999. A string
 * without a zone is UTC: the machine's own zone must not decide what is stored. Parsed by hand because `Date.parse`
 * takes 30 February and falls back to formats that differ between engines.
 *
 * @returns undefined when it is not a valid time
 */
export function readTime(value: unknown): string | undefined {
  const ms = typeof value === 'number' ? fromNumber(value) : typeof value === 'string' ? fromIso(value) : undefined
  if (ms === undefined || !(ms >= 0 && ms <= LAST_MS)) return undefined
  return new Date(ms).toISOString()
}

function fromNumber(value: number): number {
  return value >= FIRST_MILLISECONDS ? Math.trunc(value) : Math.round(value * 1000)
}

function fromIso(text: string): number | undefined {
  if (text.length > 64) return undefined
  const match = ISO.exec(text)
  if (match === null) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((digits) => Number(digits ?? 0))
  if (year === undefined || month === undefined || day === undefined || year < 1969) return undefined
  if ((hour ?? 0) > 23 || (minute ?? 0) > 59 || (second ?? 0) > 59) return undefined
  const midnight = new Date(Date.UTC(year, month - 1, day))
  if (midnight.getUTCMonth() !== month - 1 || midnight.getUTCDate() !== day) return undefined
  const fractionMs = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'))
  const offset = offsetMinutes(match[8] ?? 'Z')
  if (offset === undefined) return undefined
  return midnight.getTime() + (((hour ?? 0) * 60 + (minute ?? 0) - offset) * 60 + (second ?? 0)) * 1000 + fractionMs
}

function offsetMinutes(zone: string): number | undefined {
  if (zone === 'Z' || zone === 'z') return 0
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(3).replace(':', ''))
  if (hours > 14 || minutes > 59) return undefined
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes)
}
