/** Schemas in words, for the reference in all its forms. */
import type { JsonSchema } from './jsonSchema.ts'

interface FieldRow {
  /** With its way from the top: `turns[].role`. */
  readonly name: string
  readonly schema: JsonSchema
  readonly required: boolean
}

/** The fields of an input, each followed by the fields inside it. */
export function fieldRows({ properties = {}, required = [] }: JsonSchema, prefix = ''): readonly FieldRow[] {
  return Object.entries(properties).flatMap(([field, schema]) => {
    const name = prefix + field
    const inner = schema.type === 'array' ? fieldRows(schema.items ?? {}, `${name}[].`) : fieldRows(schema, `${name}.`)
    return [{ name, schema, required: required.includes(field) }, ...inner]
  })
}

/** The description and the facts as sentences. */
export function description(schema: JsonSchema): string {
  const sentences = facts(schema).map((fact) => `${fact.slice(0, 1).toUpperCase()}${fact.slice(1)}.`)
  return [schema.description ?? '', ...sentences].filter((sentence) => sentence !== '').join(' ')
}

/** What a schema says beyond its type: `['1 to 500 characters', 'default 50']`. */
function facts(schema: JsonSchema): readonly string[] {
  const { format, pattern, minLength, maxLength, minimum, maximum, minItems, maxItems } = schema
  return [
    format === 'uuid' ? 'UUID' : '',
    format === 'date-time' ? 'RFC 3339 time with an offset' : '',
    format === 'date' ? 'day, as in 2026-05-01' : '',
    pattern === undefined ? '' : `matches ${pattern}`,
    range(minLength, maxLength, ' characters'),
    range(minimum, maximum, ''),
    range(minItems, maxItems, ' items'),
    schema.default === undefined ? '' : `default ${JSON.stringify(schema.default)}`,
  ].filter((fact) => fact !== '')
}

function range(low: number | undefined, high: number | undefined, unit: string): string {
  if (low !== undefined && high !== undefined) return `${grouped(low)} to ${grouped(high)}${unit}`
  if (low !== undefined) return `at least ${grouped(low)}${unit}`
  return high === undefined ? '' : `at most ${grouped(high)}${unit}`
}

function grouped(value: number): string {
  return value.toLocaleString('en-US')
}
