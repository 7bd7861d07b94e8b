/** Values that a schema does not allow, made from the schema itself, and values that may be anything. */
import type { JsonSchema, JsonType } from '../../packages/caliber/src/surfaces/http/jsonSchema.ts'
import type { Random } from './seeded.ts'

/** Every way to break one field that its schema tells of, each under a name for the failure message. */
export function brokenValues(schema: JsonSchema): ReadonlyMap<string, unknown> {
  const broken = new Map<string, unknown>()
  const types = [schema.type ?? []].flat()
  const branches = schema.anyOf ?? []
  const takes = (type: JsonType) => [...types, ...branches.flatMap((branch) => branch.type ?? [])].includes(type)
  const isAnything = types.length + branches.length === 0
  if (isAnything) return broken

  if (!takes('null')) broken.set('null', null)
  if (!takes('boolean')) broken.set('a boolean', true)
  if (!takes('object')) broken.set('an object', { a: 1 })
  if (!takes('array')) broken.set('a list', ['a'])
  if (!takes('string')) broken.set('a word', 'seven')
  if (!takes('integer') && !takes('number')) broken.set('a number', 7)
  for (const branch of [schema, ...branches]) {
    for (const [name, value] of brokenOfType(branch)) broken.set(name, value)
  }
  return broken
}

function* brokenOfType(schema: JsonSchema): Generator<readonly [string, unknown]> {
  switch (schema.type) {
    case 'string':
      return yield* brokenTexts(schema)
    case 'integer':
      yield ['a fraction', 1.5]
      yield ['beyond safe integers', 2 ** 53]
      yield ['beyond floats', 1e308]
      if (schema.minimum !== undefined) yield ['too small', schema.minimum - 1]
      if (schema.maximum !== undefined) yield ['too large', schema.maximum + 1]
      return
    case 'number':
      if (schema.minimum !== undefined) yield ['too small', schema.minimum - 0.001]
      if (schema.maximum !== undefined) yield ['too large', schema.maximum + 0.001]
      return
    case 'array':
      return yield* brokenLists(schema)
    case 'object':
      return yield* brokenObjects(schema)
    default:
      return
  }
}

function* brokenTexts({ enum: choices, format, pattern, minLength, maxLength }: JsonSchema) {
  if (choices || format !== undefined || pattern !== undefined) {
    for (const text of ['', 'x', '__proto__', 'constructor', '’; --', "' or 1=1 --", '../../etc/passwd', '💥']) {
      yield [`the text ${text}`, text] as const
    }
  }
  if (choices?.[0] !== undefined) yield ['another case', choices[0].toUpperCase()] as const
  if (format === 'uuid') {
    yield ['a uuid with a letter too many', '01890a5d-ac96-774b-bcce-b302099a80570'] as const
    yield ['a uuid in braces', '{01890a5d-ac96-774b-bcce-b302099a8057}'] as const
  }
  if (format === 'date-time') {
    const times = ['yesterday', '2026-02-30T00:00:00Z', '2026-01-01', '2026-01-01T00:00:00', '0000-01-01T00:00:00Z']
    for (const time of [...times, '+275760-09-13T00:00:00Z']) yield [`the time ${time}`, time] as const
  }
  if (format === 'date') {
    const days = ['yesterday', '2026-02-30', '2026-1-1', '2026-01-01T00:00:00Z', '0000-01-01', '+275760-09-13']
    for (const day of days) yield [`the day ${day}`, day] as const
  }
  if ((minLength ?? 0) > 0) yield ['empty text', ''] as const
  if (maxLength !== undefined) yield ['text too long', 'x'.repeat(maxLength + 1)] as const
  yield ['NUL', 'a\0b'] as const
  yield ['a lone surrogate', 'a\ud800b'] as const
}

function* brokenLists({ items = {}, minItems = 0, maxItems }: JsonSchema) {
  if (minItems > 0) yield ['an empty list', []] as const
  if (maxItems !== undefined)
    yield ['a list too long', Array.from({ length: maxItems + 1 }, () => validValue(items))] as const
  yield ['a list in a list', [[]]] as const
  for (const [name, value] of brokenValues(items)) yield [`a list with ${name}`, [value]] as const
}

function* brokenObjects({ properties = {}, required = [], additionalProperties }: JsonSchema) {
  const valid = Object.fromEntries(required.map((field) => [field, validValue(properties[field] ?? {})]))
  if (additionalProperties === false) yield ['a field nobody knows', { ...valid, colour: 'red' }] as const
  for (const field of required) {
    yield [`no ${field}`, Object.fromEntries(Object.entries(valid).filter(([name]) => name !== field))] as const
  }
  for (const [field, schema] of Object.entries(properties)) {
    for (const [name, value] of brokenValues(schema)) yield [`${field}: ${name}`, { ...valid, [field]: value }] as const
  }
}

/** The smallest value that fits. */
export function validValue(schema: JsonSchema): unknown {
  if (schema.enum) return schema.enum[0]
  if (schema.format === 'uuid') return '01890a5d-ac96-774b-bcce-b302099a8057'
  if (schema.format === 'date') return '2026-01-01'
  if (schema.format === 'date-time') return '2026-01-01T00:00:00Z'
  switch (schema.type) {
    case 'string':
      return 'x'.repeat(schema.minLength ?? 1)
    case 'integer':
    case 'number':
      return schema.minimum ?? 0
    case 'boolean':
      return false
    case 'array':
      return Array.from({ length: schema.minItems ?? 0 }, () => validValue(schema.items ?? {}))
    case 'object': {
      const fields = (schema.required ?? []).map((field) => [field, validValue(schema.properties?.[field] ?? {})])
      return Object.fromEntries(fields)
    }
    default:
      return null
  }
}

/** Anything at all, most of it strange. */
export function strangeValue(random: Random, depth = 0): unknown {
  if (depth < 3 && random.below(6) === 0) {
    return Array.from({ length: random.below(4) }, () => strangeValue(random, depth + 1))
  }
  if (depth < 3 && random.below(6) === 0) {
    const names = ['', 'a', '__proto__', 'constructor', 'toString', 'id', '\u202e', '💥']
    // Built from entries, so that `__proto__` is a field like any other.
    return Object.fromEntries(
      Array.from({ length: random.below(4) }, () => [random.pick(names), strangeValue(random, depth + 1)]),
    )
  }
  return random.pick<() => unknown>([
    () => random.pick([null, true, false, 0, -0, -1, 1e-320, 1e308, 2 ** 31, 2 ** 53 + 2, 0.1]),
    () => random.below(2 ** 32),
    () => random.pick(['', ' ', '\n', 'null', '%00', '%s%n', '${7*7}', '{{7*7}}', "'; drop table turn; --", '\\', '"']),
    () =>
      random.pick(['01890a5d-ac96-774b-bcce-b302099a8057', 'NaN', '9'.repeat(400), '𒐫'.repeat(50), 'İstanbul', 'a\0b']),
    () => String.fromCharCode(...Array.from({ length: random.below(20) }, () => random.below(0x1_0000))),
    () => random.pick(['x', 'word ']).repeat(random.below(3_000)),
  ])()
}
