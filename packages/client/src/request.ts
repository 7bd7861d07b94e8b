/** Turn an operation's input into the address and the body of an HTTP request. */
import { CaliberError } from './errors.ts'
import type { Route } from './generated/routes.ts'

export interface RequestParts {
  /** Path and query, to be appended to the server's URL. */
  readonly target: string
  readonly body: string | undefined
}

/** @throws CaliberError `invalid_input` for what cannot be written into a request */
export function requestParts(route: Route, input: unknown): RequestParts {
  const fields = fieldsOf(input)
  let path = route.path
  for (const name of route.pathFields) {
    path = path.replace(`{${name}}`, () => pathSegment(name, fields.get(name)))
    fields.delete(name)
  }
  if (route.method === 'GET') return { target: path + query(fields), body: undefined }
  return { target: path, body: fields.size === 0 ? undefined : written(Object.fromEntries(fields)) }
}

function fieldsOf(input: unknown): Map<string, unknown> {
  if (input === undefined) return new Map()
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new CaliberError('invalid_input', 'The input of an operation is an object. Pass its fields by name.')
  }
  return new Map(Object.entries(input).filter(([, value]) => value !== undefined))
}

/** A dot segment would be resolved away by the URL parser, even encoded, and reach another route. */
function pathSegment(name: string, value: unknown): string {
  const text = String(value ?? '')
  if (text === '' || text === '.' || text === '..') {
    throw new CaliberError('invalid_input', `${name} stands in the path and must be an id. Pass the id you mean.`, {
      detail: { field: name },
    })
  }
  return encoded(name, text)
}

function query(fields: ReadonlyMap<string, unknown>): string {
  const pairs = [...fields].flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) => `${encoded(name, name)}=${encoded(name, String(one))}`),
  )
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}

function encoded(name: string, text: string): string {
  try {
    return encodeURIComponent(text)
  } catch (cause) {
    throw new CaliberError('invalid_input', `${name} contains a lone surrogate, which is not valid Unicode.`, { cause })
  }
}

function written(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch (cause) {
    throw new CaliberError('invalid_input', 'The input cannot be written as JSON: it holds a cycle or a bigint.', {
      cause,
    })
  }
}
