/** Where an input may hold text of the caller's, found in its schema. */
import type { JsonSchema } from '../../packages/caliber/src/surfaces/http/jsonSchema.ts'
import { validValue } from '../e2e/hostile.ts'

export type Path = readonly (string | number)[]

/** Every place for a text: fields, items of lists, values of maps, and what may be any JSON at all. */
export function textPlaces(schema: JsonSchema, path: Path = []): readonly Path[] {
  const types = [schema.type ?? []].flat()
  const below = [
    ...Object.entries(schema.properties ?? {}).flatMap(([field, inner]) => textPlaces(inner, [...path, field])),
    ...(schema.items ? textPlaces(schema.items, [...path, 0]) : []),
    ...(typeof schema.additionalProperties === 'object'
      ? textPlaces(schema.additionalProperties, [...path, 'key'])
      : []),
    ...(schema.anyOf ?? []).flatMap((branch) => textPlaces(branch, path)),
  ]
  const isAnything =
    path.length > 0 && types.length === 0 && !schema.anyOf && schema.const === undefined && !schema.enum
  const all = types.includes('string') || isAnything ? [path, ...below] : below
  return [...new Map(all.map((place) => [place.join('.'), place])).values()]
}

/** The input with a text put in; what is missing on the way there is made, as small as the schema allows. */
export function withText(schema: JsonSchema, input: unknown, path: Path, text: string): unknown {
  const [step, ...rest] = path
  if (step === undefined) return text
  if (typeof step === 'number') {
    const [first, ...more]: readonly unknown[] = Array.isArray(input) ? input : []
    return [withText(schema.items ?? {}, first, rest, text), ...more]
  }
  const fields = new Map(Object.entries(isObject(input) ? input : Object(validValue(schema))))
  const inner =
    schema.properties?.[step] ?? (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {})
  fields.set(step, withText(inner, fields.get(step), rest, text))
  return Object.fromEntries(fields)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
