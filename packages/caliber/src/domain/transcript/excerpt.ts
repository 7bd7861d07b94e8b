const LENGTH = 24

/** Quote the start of a foreign value for a message: short, printable ASCII only, safe for a terminal and a log. */
export function excerpt(value: unknown): string {
  if (typeof value !== 'string')
    return value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`
  const start = value.slice(0, LENGTH).replace(/[^ -~]/g, '.')
  return `"${start}${value.length > LENGTH ? '...' : ''}"`
}
