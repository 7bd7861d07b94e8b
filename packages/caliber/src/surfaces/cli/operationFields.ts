/** What an operation asks for, as options and arguments of a command. */
import { InvalidArgumentError } from 'commander'
import type { ContractOperation } from '../../generated/contract.ts'

type InputSchema = ContractOperation['input']

type Kind = 'text' | 'id' | 'time' | 'day' | 'integer' | 'number' | 'boolean' | 'json'

export interface Field {
  /** In the input, and the key of the option in commander. */
  readonly name: string
  /** `--scope-id` */
  readonly flag: string
  readonly kind: Kind
  /** A path field is an argument by its place, not an option. */
  readonly positional: boolean
  readonly required: boolean
  readonly choices: readonly string[] | undefined
  /** For the help, with choices and default. */
  readonly description: string
}

/** Fields in the order of the help: path fields as they stand in the path, then what is required, then the rest. */
export function fieldsOf({ pathFields, input }: ContractOperation): readonly Field[] {
  const all = Object.entries(input.properties ?? {}).map(([name, schema]): Field => {
    const required = input.required?.includes(name) ?? false
    const kind = kindOf(schema)
    return {
      name,
      flag: `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
      kind,
      positional: pathFields.includes(name),
      required,
      choices: schema.enum,
      description: describe(schema, required),
    }
  })
  const positional = pathFields.flatMap((name) => all.filter((field) => field.name === name))
  const options = all.filter((field) => !field.positional)
  return [...positional, ...options.filter(({ required }) => required), ...options.filter(({ required }) => !required)]
}

/** `--limit <integer>`; a switch takes no value. */
export function flagsOf({ flag, kind, choices }: Field): string {
  if (kind === 'boolean') return flag
  return `${flag} <${choices ? 'choice' : kind}>`
}

/** Read the text of an option as a value of the field's type. @throws InvalidArgumentError saying what was expected */
export function parseField({ kind }: Field, text: string): unknown {
  switch (kind) {
    case 'integer':
      return wholeNumber(text)
    case 'number':
      return parseNumber(text, Number.isFinite, 'a number')
    case 'json':
      return parseJson(text)
    default:
      return text
  }
}

/** @throws InvalidArgumentError */
export function wholeNumber(text: string): number {
  return parseNumber(text, Number.isSafeInteger, 'a whole number')
}

function parseNumber(text: string, fits: (value: number) => boolean, expected: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (!fits(value)) throw new InvalidArgumentError(`Expected ${expected}.`)
  return value
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new InvalidArgumentError('Expected JSON; mind the quotes of your shell.')
  }
}

function kindOf({ type, format, enum: choices, anyOf }: InputSchema): Kind {
  if (choices) return 'text'
  // `null` beside one other type only says that the field may be left empty; leave it out for that.
  const types = (Array.isArray(type) ? type : [type]).filter((name) => name !== 'null' && name !== undefined)
  const [only] = types
  if (types.length === 0 && anyOf) {
    const inner = anyOf.filter((schema) => schema.type !== 'null')
    return inner.length === 1 && inner[0] ? kindOf(inner[0]) : 'json'
  }
  if (types.length !== 1) return 'json'
  if (only === 'integer' || only === 'number' || only === 'boolean') return only
  if (only !== 'string') return 'json'
  if (format === 'uuid') return 'id'
  if (format === 'date-time') return 'time'
  return format === 'date' ? 'day' : 'text'
}

function describe({ description, default: preset, type }: InputSchema, required: boolean): string {
  const sentence = description ?? ''
  const notes = [
    ...(required ? ['required'] : []),
    ...(preset === undefined || isEmpty(preset) || type === 'boolean' ? [] : [`default: ${shownDefault(preset)}`]),
  ]
  return [sentence, notes.length === 0 ? '' : `(${notes.join(', ')})`].filter((part) => part !== '').join(' ')
}

function shownDefault(preset: unknown): string {
  return typeof preset === 'string' ? preset : JSON.stringify(preset)
}

function isEmpty(preset: unknown): boolean {
  return typeof preset === 'object' && (preset === null || Object.keys(preset).length === 0)
}
