/**
 * Put an operation's input together from where HTTP carries it: fields of the path, and the query of a GET or the body of
 * the others. Nothing is dropped: what has no place in the input is refused here or by the schema.
 */
import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { CaliberError } from '../../domain/errors.ts'
import { type JsonSchema, type JsonType, toJsonSchema } from './jsonSchema.ts'

export type InputReader = (request: FastifyRequest) => Record<string, unknown>

/** @param schema of the operation's input */
export function inputReader(method: 'GET' | 'POST' | 'PUT', schema: z.ZodObject): InputReader {
  if (method === 'GET') {
    const { properties = {} } = toJsonSchema(schema, 'input')
    return (request) => merged(request, fromQuery(queryOf(request), properties))
  }
  return (request) => {
    if (queryOf(request) !== '') {
      throw new CaliberError('invalid_input', `A ${method} takes its fields from the body. Send no query string.`)
    }
    return merged(request, fromBody(request.body))
  }
}

function merged({ params }: FastifyRequest, fields: Record<string, unknown>): Record<string, unknown> {
  const inPath = isObject(params) ? params : {}
  const twice = Object.keys(inPath).find((field) => Object.hasOwn(fields, field))
  if (twice !== undefined) {
    throw new CaliberError('invalid_input', `${twice} stands in the path already. Leave it out of the body or query.`)
  }
  return { ...fields, ...inPath }
}

function fromBody(body: unknown): Record<string, unknown> {
  if (body === undefined) return {}
  if (isObject(body)) return body
  throw new CaliberError('invalid_input', 'The body must be a JSON object with the fields of the operation.')
}

function fromQuery(query: string, properties: Readonly<Record<string, JsonSchema>>): Record<string, unknown> {
  const given = new Map<string, string[]>()
  for (const pair of query.split('&')) {
    if (pair === '') continue
    const [name = '', ...value] = pair.split('=')
    const field = decoded(name)
    const text = decoded(value.join('='))
    const texts = given.get(field)
    if (texts) texts.push(text)
    else given.set(field, [text])
  }
  if (given.has('__proto__')) throw new CaliberError('invalid_input', 'There is no field "__proto__". Leave it out.')
  return Object.fromEntries(
    [...given].map(([field, texts]) => [field, fieldValue(field, texts, own(properties, field))]),
  )
}

function fieldValue(field: string, texts: readonly string[], schema: JsonSchema | undefined): unknown {
  if (schema?.type === 'array') return texts.map((text) => coerced(text, schema.items?.type))
  const [text = '', ...more] = texts
  if (more.length > 0) throw new CaliberError('invalid_input', `${shown(field)} is given twice. Give it once.`)
  return coerced(text, schema?.type)
}

/** What does not read as the type stays text, and the schema says what it should have been. */
function coerced(text: string, type: JsonType | readonly JsonType[] | undefined): unknown {
  if ((type === 'integer' || type === 'number') && /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text)) return Number(text)
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  return text
}

function queryOf({ raw }: FastifyRequest): string {
  const url = raw.url ?? ''
  const start = url.indexOf('?')
  return start === -1 ? '' : url.slice(start + 1)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw new CaliberError('invalid_input', 'The query string is not valid percent-encoded UTF-8. Encode it again.')
  }
}

function own(properties: Readonly<Record<string, JsonSchema>>, field: string): JsonSchema | undefined {
  return Object.hasOwn(properties, field) ? properties[field] : undefined
}

function shown(field: string): string {
  return field.length <= 100 ? field : `${field.slice(0, 100).toWellFormed()}…`
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
