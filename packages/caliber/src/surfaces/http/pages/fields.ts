/** Schemas in words: a table of input fields, and the outline of an answer. */
import type { JsonSchema } from '../jsonSchema.ts'
import { description, fieldRows } from '../words.ts'
import { type Html, html } from './html.ts'

export function fieldTable(input: JsonSchema): Html {
  const rows = fieldRows(input)
  if (rows.length === 0) return html`<p class="soft">Takes no fields.</p>`
  return html`<table>
<thead><tr><th scope="col">Field</th><th scope="col">Type</th><th scope="col">What it is</th></tr></thead>
<tbody>${rows.map(
    ({ name, schema, required }) => html`
<tr><td><code>${name}</code></td>
<td>${typeWord(schema)}${required ? html`, <b>required</b>` : ''}</td><td>${description(schema)}</td></tr>`,
  )}
</tbody></table>`
}

/** An answer as an outline; entities are links to their own section. */
export function outline(schema: JsonSchema, indent = ''): Html {
  const { title, type, items, properties, additionalProperties, anyOf } = schema
  if (title !== undefined) return html`<a href="#${title}">${title}</a>`
  if (anyOf) return joined(anyOf.map((one) => outline(one, indent)))
  if (type === 'array') return html`[${outline(items ?? {}, indent)}]`
  if (additionalProperties) return html`{ …: ${outline(additionalProperties, indent)} }`
  if (properties) {
    return html`{\n${Object.entries(properties).map(
      ([name, inner]) => html`${indent}  ${name}: ${outline(inner, `${indent}  `)}\n`,
    )}${indent}}`
  }
  return html`${scalarWord(schema)}`
}

/** Every entity inside a schema. */
export function entitiesIn(schema: JsonSchema): readonly JsonSchema[] {
  const { title, items, properties = {}, additionalProperties, anyOf = [] } = schema
  const inner = [items, additionalProperties || undefined, ...Object.values(properties), ...anyOf]
  const found = inner.flatMap((one) => (one ? entitiesIn(one) : []))
  return title === undefined ? found : [schema, ...found]
}

function typeWord(schema: JsonSchema): Html {
  if (schema.enum) return joined(schema.enum.map((value) => html`<code>${value}</code>`))
  if (schema.anyOf) return joined(schema.anyOf.map(typeWord))
  if (schema.type === 'array') return html`list of ${typeWord(schema.items ?? {})}`
  if (schema.properties) return html`object`
  return html`${scalarWord(schema)}`
}

function scalarWord({ type, format, enum: values }: JsonSchema): string {
  if (values) return values.map((value) => `"${value}"`).join(' | ')
  if (format === 'uuid') return 'uuid'
  if (format === 'date-time') return 'time'
  if (format === 'date') return 'day'
  return type === undefined ? 'any JSON' : [type].flat().join(' | ')
}

function joined(parts: readonly Html[]): Html {
  return html`${parts.map((part, i) => (i === 0 ? part : html` | ${part}`))}`
}
