/**
 * JSON Schema of an operation's side, reduced to what tells a reader something.
 *
 * Zod says more than that: the bounds of a safe integer on each integer, the regular expression behind each `format`,
 * the expansion of "any JSON". Those go. The server validates with Zod itself, so nothing is accepted by leaving them out.
 */
import { z } from 'zod'

/** The subset in use. Anything else in a schema makes {@link toJsonSchema} throw, so that no printer overlooks it. */
export interface JsonSchema {
  readonly title?: string
  readonly description?: string
  readonly type?: JsonType | readonly JsonType[]
  readonly enum?: readonly string[]
  readonly const?: string | number | boolean
  readonly format?: string
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly default?: unknown
  readonly items?: JsonSchema
  readonly minItems?: number
  readonly maxItems?: number
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  /** `false` closes an object; a schema makes it a map. */
  readonly additionalProperties?: false | JsonSchema
  readonly anyOf?: readonly JsonSchema[]
}

export type JsonType = 'string' | 'number' | 'integer' | 'boolean' | 'null' | 'array' | 'object'

/** @param titles names for schemas that are worth a name of their own */
export function toJsonSchema(
  schema: z.ZodType,
  io: 'input' | 'output',
  titles: ReadonlyMap<unknown, string> = new Map(),
): JsonSchema {
  const raw = z.toJSONSchema(schema, {
    io,
    override: ({ zodSchema, jsonSchema }) => {
      const title = titles.get(zodSchema)
      if (title !== undefined) jsonSchema.title = title
    },
  })
  return tidy(raw)
}

/** The order in which keywords are written, which keeps generated files stable. */
const plain = [
  'title',
  'description',
  'type',
  'enum',
  'const',
  'format',
  'pattern',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'default',
  'minItems',
  'maxItems',
  'required',
] as const
const nested = ['items', 'properties', 'additionalProperties', 'anyOf'] as const
const dropped = ['$schema', '$defs', '$ref', 'propertyNames'] as const
const known: ReadonlySet<string> = new Set([...plain, ...nested, ...dropped])

function tidy(raw: Readonly<Record<string, unknown>>): JsonSchema {
  const strange = Object.keys(raw).find((keyword) => !known.has(keyword))
  if (strange !== undefined) throw new TypeError(`The JSON Schema keyword "${strange}" needs a line in jsonSchema.ts`)
  const kept: Record<string, unknown> = {}
  for (const keyword of plain) {
    const value = raw[keyword]
    if (value === undefined || isNoise(keyword, value, raw)) continue
    kept[keyword] = value
  }
  if (isObject(raw['items'])) kept['items'] = tidy(raw['items'])
  if (isObject(raw['properties'])) {
    kept['properties'] = Object.fromEntries(
      Object.entries(raw['properties']).map(([field, schema]) => [field, isObject(schema) ? tidy(schema) : {}]),
    )
  }
  const rest = raw['additionalProperties']
  if (rest === false) kept['additionalProperties'] = false
  else if (isObject(rest)) kept['additionalProperties'] = tidy(rest)
  if (Array.isArray(raw['anyOf'])) kept['anyOf'] = raw['anyOf'].filter(isObject).map(tidy)
  return kept
}

function isNoise(keyword: string, value: unknown, schema: Readonly<Record<string, unknown>>): boolean {
  if (keyword === 'pattern') return schema['format'] !== undefined
  if (keyword === 'minimum') return value === Number.MIN_SAFE_INTEGER
  if (keyword === 'maximum') return value === Number.MAX_SAFE_INTEGER
  return false
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
