/**
 * Values as text and back: JSON, plus what it loses (undefined, NaN, infinities, -0, BigInt, Date, Map,
 * Set, typed arrays). Reading never runs code and never makes anything but these. What cannot be carried
 * exactly (functions, symbols, class instances, cycles) is refused when writing.
 */
import { createHash } from 'node:crypto'
import { TalosError } from '../errors.ts'

const TAG = '$talos'

const ARRAYS = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
} as const

type ArrayName = keyof typeof ARRAYS

/** @throws TalosError `not_serialisable` */
export function encode(value: unknown): string {
  // Most values are plain strings and numbers; skip the walk for them.
  if (typeof value === 'string' || (typeof value === 'number' && Number.isSafeInteger(value) && !Object.is(value, -0)))
    return JSON.stringify(value)
  return JSON.stringify(lower(value, new Set()))
}

/** @throws TalosError `corrupt_store` */
export function decode(text: string): unknown {
  try {
    return raise(JSON.parse(text))
  } catch (error) {
    if (error instanceof TalosError) throw error
    throw new TalosError('corrupt_store', 'A stored value is not valid.', {}, error)
  }
}

export function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

function lower(value: unknown, path: Set<object>): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0) ? value : tagged('number', numberName(value))
    case 'undefined':
      return tagged('undefined')
    case 'bigint':
      return tagged('bigint', String(value))
    case 'object':
      return value === null ? null : lowerObject(value, path)
    default:
      throw refuse(`a ${typeof value}`)
  }
}

function lowerObject(value: object, path: Set<object>): unknown {
  if (path.has(value)) throw refuse('a cycle')
  path.add(value)
  try {
    if (Array.isArray(value)) return Array.from(value, (item) => lower(item, path))
    if (value instanceof Date) return tagged('date', lower(value.getTime(), path))
    if (value instanceof Map)
      return tagged(
        'map',
        [...value].map((pair) => pair.map((item) => lower(item, path))),
      )
    if (value instanceof Set)
      return tagged(
        'set',
        [...value].map((item) => lower(item, path)),
      )
    for (const [name, type] of Object.entries(ARRAYS)) {
      if (!(value instanceof type)) continue
      return tagged(name, Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64'))
    }
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype !== Object.prototype && prototype !== null) throw refuse('an instance of a class')
    if (Object.getOwnPropertySymbols(value).length > 0) throw refuse('a symbol key')
    const fields = Object.entries(value).map(([key, item]) => [key, lower(item, path)] as const)
    // A field of the user's that looks like a tag must not be read as one.
    return TAG in value ? tagged('object', fields) : fromFields(fields)
  } finally {
    path.delete(value)
  }
}

function raise(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(raise)
  if (typeof value !== 'object' || value === null) return value
  const record = value as Record<string, unknown>
  if (!Object.hasOwn(record, TAG)) return fromFields(Object.entries(record).map(([key, item]) => [key, raise(item)]))
  const kind = record[TAG]
  const content = record['v']
  switch (kind) {
    case 'undefined':
      return undefined
    case 'number':
      return Number(content)
    case 'bigint':
      return BigInt(text(content))
    case 'date':
      return new Date(raise(content) as number)
    case 'map':
      return new Map(list(content).map((pair) => list(pair).map(raise) as [unknown, unknown]))
    case 'set':
      return new Set(list(content).map(raise))
    case 'object':
      return fromFields(list(content).map((pair) => [text(list(pair)[0]), raise(list(pair)[1])]))
    default:
      return raiseArray(kind, content)
  }
}

function raiseArray(kind: unknown, content: unknown): unknown {
  if (typeof kind !== 'string' || !Object.hasOwn(ARRAYS, kind)) throw corrupt()
  const bytes = new Uint8Array(Buffer.from(text(content), 'base64'))
  const type = ARRAYS[kind as ArrayName]
  if (bytes.byteLength % type.BYTES_PER_ELEMENT !== 0) throw corrupt()
  return new type(bytes.buffer)
}

/** Like Object.fromEntries, but `__proto__` is a field like any other. */
function fromFields(fields: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  for (const [key, value] of fields)
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
  return object
}

function tagged(kind: string, v?: unknown): Record<string, unknown> {
  return v === undefined ? { [TAG]: kind } : { [TAG]: kind, v }
}

function numberName(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

function list(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw corrupt()
  return value
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw corrupt()
  return value
}

function refuse(what: string): TalosError {
  return new TalosError('not_serialisable', `A value contains ${what}, which no store can keep.`)
}

function corrupt(): TalosError {
  return new TalosError('corrupt_store', 'A stored value is not valid.')
}
