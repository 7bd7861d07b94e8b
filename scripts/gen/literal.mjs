/** Print JSON values as literals that a person can read in review: what is short stays on one line. */

/** @param {unknown} value @param {string} indent of the line it starts on @returns {string} */
export function literal(value, indent) {
  const short = oneLine(value)
  if (short.length + indent.length <= 110) return short
  const inner = `${indent}  `
  if (Array.isArray(value)) return `[\n${value.map((item) => `${inner}${literal(item, inner)},\n`).join('')}${indent}]`
  if (typeof value === 'object' && value !== null) {
    const lines = Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => `${inner}${name(key)}: ${literal(item, inner)},\n`)
    return `{\n${lines.join('')}${indent}}`
  }
  return short
}

/** @param {string} text */
export function quoted(text) {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`
}

/** @param {unknown} value @returns {string} */
export function oneLine(value) {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, item]) => `${name(key)}: ${oneLine(item)}`)
    return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`
  }
  return typeof value === 'string' ? quoted(value) : JSON.stringify(value)
}

function name(key) {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : quoted(key)
}
