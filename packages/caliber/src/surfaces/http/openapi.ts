/** The OpenAPI 3.1 document, computed from the description of the operations. */
import { errorTable } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import type { DescribedOperation } from './describe.ts'
import type { JsonSchema } from './jsonSchema.ts'

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }
type Node = Readonly<Record<string, unknown>>

/** @param version of Caliber */
export function openapi(operations: readonly DescribedOperation[], version: string): Readonly<Record<string, Json>> {
  const components = new Map<string, Node>()
  const paths: Record<string, Record<string, Node>> = {}
  for (const operation of operations) {
    paths[operation.path] = {
      ...paths[operation.path],
      [operation.method.toLowerCase()]: describePath(operation, components),
    }
  }
  const document = {
    openapi: '3.1.0',
    info: {
      title: 'Caliber',
      version,
      description: 'Postgres-native memory for AI agents. Errors carry a stable code; see the schema Error.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(operations.map(({ name }) => nounOf(name)))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: { apiKey: { type: 'http', scheme: 'bearer', description: 'An API key: cal_…' } },
      schemas: { ...Object.fromEntries([...components].sort(([a], [b]) => (a < b ? -1 : 1))), Error: errorSchema },
      responses: errorResponses(),
    },
  }
  return JSON.parse(JSON.stringify(document))
}

function describePath(operation: DescribedOperation, components: Map<string, Node>): Node {
  const { name, summary, needs, method, effect, pathFields, input, output } = operation
  const inQuery = method === 'GET'
  const required = input.required ?? []
  const fields = Object.entries(input.properties ?? {})
  const parameters = fields
    .filter(([field]) => inQuery || pathFields.includes(field))
    .map(([field, { description, ...schema }]) => ({
      name: field,
      in: pathFields.includes(field) ? 'path' : 'query',
      required: required.includes(field),
      ...(description === undefined ? {} : { description }),
      schema,
    }))
  const allParameters = effect === 'write' ? [...parameters, idempotencyKey, fence] : parameters
  return {
    operationId: name,
    tags: [nounOf(name)],
    summary,
    security: needs === 'none' ? [] : [{ apiKey: [] }],
    ...(needs === 'none' ? {} : { 'x-right': needs }),
    ...(allParameters.length > 0 ? { parameters: allParameters } : {}),
    ...(inQuery ? {} : { requestBody: requestBody(operation) }),
    responses: {
      200: { description: 'Done.', content: { 'application/json': { schema: hoisted(output, components) } } },
      ...Object.fromEntries([...errorStatuses().keys()].map((status) => [status, { $ref: responseRef(status) }])),
    },
  }
}

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: `Makes a repeated request answer as the first one did, for ${limits.idempotencyHours} hours.`,
  schema: { type: 'string', minLength: 1, maxLength: limits.keyChars },
}

const fence = {
  name: 'Caliber-Fence',
  in: 'header',
  required: false,
  description: 'The leases that the write is made under, as <regionId>:<fence>, separated by commas.',
  schema: { type: 'string' },
}

function requestBody({ input, pathFields, example }: DescribedOperation): Node {
  const kept = Object.entries(input.properties ?? {}).filter(([field]) => !pathFields.includes(field))
  const required = (input.required ?? []).filter((field) => !pathFields.includes(field))
  const schema = {
    type: 'object',
    ...(required.length > 0 ? { required } : {}),
    properties: Object.fromEntries(kept),
    additionalProperties: false,
  }
  const shown = Object.fromEntries(Object.entries(example).filter(([field]) => !pathFields.includes(field)))
  return { required: required.length > 0, content: { 'application/json': { schema, example: shown } } }
}

/** Replace titled objects by references and collect them. */
function hoisted(schema: JsonSchema, components: Map<string, Node>): Node {
  const { title, items, properties, additionalProperties, anyOf, ...rest } = schema
  const inner = {
    ...rest,
    ...(items ? { items: hoisted(items, components) } : {}),
    ...(properties
      ? { properties: Object.fromEntries(Object.entries(properties).map(([k, v]) => [k, hoisted(v, components)])) }
      : {}),
    ...(additionalProperties === undefined
      ? {}
      : { additionalProperties: additionalProperties && hoisted(additionalProperties, components) }),
    ...(anyOf ? { anyOf: anyOf.map((one) => hoisted(one, components)) } : {}),
  }
  if (title === undefined) return inner
  components.set(title, inner)
  return { $ref: `#/components/schemas/${title}` }
}

const errorSchema = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message', 'detail', 'retryable', 'requestId'],
      properties: {
        code: { type: 'string', enum: Object.keys(errorTable) },
        message: { type: 'string', description: 'What happened, to which id, and what to do.' },
        detail: { type: 'object', description: 'Facts for programs.', additionalProperties: true },
        retryable: { type: 'boolean', description: 'Worth repeating unchanged.' },
        requestId: { type: 'string', description: 'Finds the request in the log of the server.' },
      },
    },
  },
}

/** status → the codes that have it */
function errorStatuses(): ReadonlyMap<number, readonly string[]> {
  const codes = new Map<number, string[]>()
  for (const [code, { http }] of Object.entries(errorTable)) codes.set(http, [...(codes.get(http) ?? []), code])
  return new Map([...codes].sort(([a], [b]) => a - b))
}

function errorResponses(): Node {
  const content = { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } }
  return Object.fromEntries(
    [...errorStatuses()].map(([status, codes]) => [
      `Error${status}`,
      { description: `Error code: ${codes.join(', ')}.`, content },
    ]),
  )
}

function responseRef(status: number): string {
  return `#/components/responses/Error${status}`
}

function nounOf(name: string): string {
  return name.split('.')[0] ?? name
}
