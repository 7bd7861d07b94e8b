/**
 * Print JSON Schema as TypeScript types.
 *
 * @typedef {import('../../packages/caliber/dist/surfaces/http/jsonSchema.js').JsonSchema} JsonSchema
 * @typedef {{ optional: string, names: Map<string, JsonSchema> }} Printing
 *   `optional` is added to the type of an optional field; titled objects are printed by name and collected in `names`.
 */
import { description } from '../../packages/caliber/dist/surfaces/http/words.js'
import { quoted } from './literal.mjs'

/**
 * @param {JsonSchema} schema
 * @param {Printing} printing
 * @param {string} [indent]
 * @returns {string}
 */
export function typeOf(schema, printing, indent = '') {
  if (schema.title !== undefined) {
    printing.names.set(schema.title, schema)
    return schema.title
  }
  if (schema.enum) return union(schema.enum.map(quoted), indent)
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.anyOf) return [...new Set(schema.anyOf.map((one) => typeOf(one, printing, indent)))].join(' | ')
  const types = schema.type === undefined ? [] : [schema.type].flat()
  if (types.length === 0) return 'unknown'
  return types.map((type) => ofType(type, schema, printing, indent)).join(' | ')
}

/**
 * The members of an object, one a line, with their documentation.
 *
 * @param {JsonSchema} schema
 * @param {Printing} printing
 * @param {string} indent of the members
 */
export function members(schema, printing, indent) {
  const required = new Set(schema.required)
  return Object.entries(schema.properties ?? {})
    .map(([field, inner]) => {
      const type = typeOf(inner, printing, indent)
      const doc = description(inner)
      const optional = !required.has(field)
      const line = `${indent}readonly ${field}${optional ? '?' : ''}: ${type}${optional ? printing.optional : ''}\n`
      return (doc === '' ? '' : comment(doc, indent)) + line
    })
    .join('')
}

/** @param {string} text @param {string} indent */
export function comment(text, indent) {
  const safe = text.replaceAll('*/', '*\\/')
  const single = `${indent}/** ${safe} */\n`
  if (single.length <= 121) return single
  return `${indent}/**\n${wrapped(safe, 117 - indent.length)
    .map((line) => `${indent} * ${line}\n`)
    .join('')}${indent} */\n`
}

/** @param {string} word */
export function capital(word) {
  return word.slice(0, 1).toUpperCase() + word.slice(1)
}

function ofType(type, schema, printing, indent) {
  switch (type) {
    case 'string':
    case 'boolean':
    case 'null':
      return type
    case 'integer':
    case 'number':
      return 'number'
    case 'array': {
      const item = typeOf(schema.items ?? {}, printing, indent)
      return item.includes(' | ') && !item.startsWith('{') ? `readonly (${item})[]` : `readonly ${item}[]`
    }
    case 'object': {
      if (schema.additionalProperties) {
        return `Readonly<Record<string, ${typeOf(schema.additionalProperties, printing, indent)}>>`
      }
      if (Object.keys(schema.properties ?? {}).length === 0) return 'Readonly<Record<string, never>>'
      return `{\n${members(schema, printing, `${indent}  `)}${indent}}`
    }
    default:
      throw new TypeError(`No TypeScript for the JSON Schema type ${type}`)
  }
}

function union(types, indent) {
  const line = types.join(' | ')
  return line.length + indent.length < 90 ? line : types.map((type) => `\n${indent}  | ${type}`).join('')
}

function wrapped(text, width) {
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== '' && last.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`
  }
  return lines
}
