import type { DescribedOperation } from '../describe.ts'

/** The operation's example as a command for a shell that knows `CALIBER_URL` and `CALIBER_KEY`. */
export function curl({ method, path, pathFields, needs, example }: DescribedOperation): string {
  const rest = Object.entries(example).filter(([field]) => !pathFields.includes(field))
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, field: string) => encodeURIComponent(String(example[field])))
  const query = method === 'GET' ? rest.map(([field, value]) => `${field}=${encodeURIComponent(String(value))}`) : []
  const target = `"$CALIBER_URL${filled}${query.length > 0 ? `?${query.join('&')}` : ''}"`
  const lines = [`curl ${method === 'GET' ? '' : `-X ${method} `}${target}`]
  if (needs !== 'none') lines.push(`-H "authorization: Bearer $CALIBER_KEY"`)
  if (method !== 'GET' && rest.length > 0) {
    lines.push(`-H 'content-type: application/json'`, `-d ${quoted(JSON.stringify(Object.fromEntries(rest)))}`)
  }
  return lines.join(' \\\n  ')
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
