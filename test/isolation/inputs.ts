/**
 * Inputs made from an operation's own schema and example, with ids of others where it takes ids.
 *
 * Nothing here knows an operation: a new one is probed as soon as it is in the registry.
 */
import type { Random } from '../e2e/seeded.ts'
import { type AnyOperation, type JsonSchema, toJsonSchema } from './product.ts'

/** What inputs are drawn from, for one viewer. */
export interface Pool {
  /** Ids by noun that the viewer may not know of. */
  readonly foreign: ReadonlyMap<string, readonly string[]>
  /** Ids by noun that everybody of the viewer's tenant may. */
  readonly own: ReadonlyMap<string, readonly string[]>
  /** Names, sources and words that others use. */
  readonly texts: readonly string[]
}

export interface DrawnInput {
  readonly input: Readonly<Record<string, unknown>>
  /** The ids in it that are not the viewer's. */
  readonly foreign: readonly string[]
}

/** Draw an input for an operation. One that works on behalf of the whole tenant gets ids of others alone. */
export function drawInput(operation: AnyOperation, pool: Pool, random: Random): DrawnInput {
  const schema = toJsonSchema(operation.input, 'input')
  const foreign: string[] = []
  const reachesAll = operation.reach !== undefined || operation.needs === 'admin' || operation.needs === 'operate'
  // One pool for the whole input: the ids of one principal's request usually belong together.
  const ownChance = reachesAll ? 0 : random.pick([0, 0, 0, 50])

  const value = (field: string, part: JsonSchema, example: unknown): unknown => {
    if (part.anyOf) return value(field, part.anyOf.find(({ type }) => type !== 'null') ?? {}, example)
    if (part.enum) return random.pick(part.enum)
    if (part.format === 'uuid' || part.pattern?.includes('[0-9a-f]{64}')) return id(field, part)
    if (part.format === 'date') return random.pick(['2026-01-01', '2099-01-01'])
    if (part.format === 'date-time') return random.pick(['2026-01-01T00:00:00Z', '2099-01-01T00:00:00Z'])
    switch (part.type) {
      case 'string':
        return text(part, example)
      case 'integer':
      case 'number':
        return number(field, part, example)
      case 'boolean':
        return random.below(2) === 0
      case 'array': {
        const [first] = Array.isArray(example) ? example : []
        const size = Math.max(part.minItems ?? 0, 1) + random.below(2)
        return Array.from({ length: size }, () => value(singular(field), part.items ?? {}, first))
      }
      case 'object':
        return fields(part, isFields(example) ? example : {})
      default:
        return example ?? null
    }
  }
  const fields = ({ properties = {}, required = [] }: JsonSchema, example: Readonly<Record<string, unknown>>) => {
    const drawn = Object.entries(properties).flatMap(([field, part]) => {
      const isWanted = required.includes(field) || random.below(100) < (isReference(part) ? 60 : 25)
      return isWanted ? [[field, value(field, part, example[field])] as const] : []
    })
    return Object.fromEntries(drawn)
  }
  const id = (field: string, part: JsonSchema): string => {
    const noun = part.format === 'uuid' ? nounOf(field) : 'window'
    const own = pool.own.get(noun)
    if (own && random.below(100) < ownChance) return random.pick(own)
    const drawn = random.pick(pool.foreign.get(noun) ?? [...pool.foreign.values()].flat())
    foreign.push(drawn)
    return drawn
  }
  const text = ({ minLength = 0, maxLength = 1_000, pattern }: JsonSchema, example: unknown): string => {
    if (typeof example === 'string' && (pattern !== undefined || random.below(3) === 0)) return example
    const drawn = random.pick(pool.texts).slice(0, maxLength)
    return drawn.length < minLength ? 'x'.repeat(minLength) : drawn
  }
  const number = (field: string, { minimum = 0, maximum, default: usual }: JsonSchema, example: unknown): number => {
    if (field.startsWith('wait')) return minimum
    const drawn = random.pick([minimum, minimum + random.below(50), Number(usual ?? example ?? minimum)])
    return Math.min(drawn, maximum ?? drawn)
  }

  return { input: fields(schema, operation.example), foreign }
}

/** The same input with ids that name nothing, each close to the one it stands for in the order of ids. */
export function withoutForeign({ input, foreign }: DrawnInput, random: Random): DrawnInput['input'] {
  let text = JSON.stringify(input)
  for (const id of new Set(foreign)) text = text.replaceAll(id, `${id.slice(0, -8)}${hex(random, 8)}`)
  return JSON.parse(text) as DrawnInput['input']
}

function hex(random: Random, digits: number): string {
  return Array.from({ length: digits }, () => random.below(16).toString(16)).join('')
}

/** `parentId` and `after` may be anything that has an id; a field that is called after a noun is an id of that noun. */
function nounOf(field: string): string {
  if (field === 'parentId') return 'trajectory'
  return /^(?:source)?(\w+?)Ids?$/.exec(field)?.[1]?.toLowerCase() ?? field
}

const singular = (field: string) => (field === 'regions' ? 'regionId' : field.replace(/s$/, ''))

function isReference(part: JsonSchema): boolean {
  return (
    part.format === 'uuid' || (part.items !== undefined && isReference(part.items)) || part.properties !== undefined
  )
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
