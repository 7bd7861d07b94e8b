import { expect, test } from 'vitest'
import { z } from 'zod'
import { registry } from '../../operations/registry.ts'
import { describeOperations } from './describe.ts'
import { toJsonSchema } from './jsonSchema.ts'
import { openapi } from './openapi.ts'
import { curl } from './pages/curl.ts'
import { html } from './pages/html.ts'
import { referencePage } from './pages/reference.ts'
import { description, fieldRows } from './words.ts'

const operations = describeOperations()

test('each operation is described once, with a path whose fields are fields of its input', () => {
  expect(operations.map(({ name }) => name)).toEqual(registry.map(({ name }) => name))
  expect(new Set(operations.map(({ method, path }) => `${method} ${path}`)).size).toBe(operations.length)
  for (const { name, pathFields, input } of operations) {
    for (const field of pathFields) expect([name, input.required]).toEqual([name, expect.arrayContaining([field])])
  }
})

test('an object that several answers share and that begins with its id is an entity', () => {
  const titles = (name: string) => {
    const { output } = operations.find((operation) => operation.name === name) ?? {}
    return [output?.title, ...Object.values(output?.properties ?? {}).flatMap((p) => [p.title, p.items?.title])].filter(
      Boolean,
    )
  }

  expect(titles('note.record')).toEqual(['Note'])
  expect(titles('note.list')).toEqual(['Note'])
  expect(titles('note.supersede')).toEqual(['Note', 'Note'])
  expect(titles('context.assemble')).toEqual(['ContextWindow'])
  expect(titles('transcript.import')).toEqual([])
})

test('a schema keyword that no printer knows is an error, not a silent loss', () => {
  expect(() => toJsonSchema(z.strictObject({ even: z.int().multipleOf(2) }), 'input')).toThrow(/multipleOf/)
})

test('noise is left out: safe-integer bounds, patterns of formats, the expansion of any JSON', () => {
  const schema = z.strictObject({ id: z.uuid(), n: z.int(), any: z.json().describe('Anything.') })

  expect(toJsonSchema(schema, 'input').properties).toEqual({
    id: { type: 'string', format: 'uuid' },
    n: { type: 'integer' },
    any: { description: 'Anything.' },
  })
})

test('limits and defaults are said in words, down to the fields inside fields', () => {
  const schema = toJsonSchema(
    z.strictObject({ tags: z.array(z.strictObject({ name: z.string().min(1).max(1_000).default('x') })).max(3) }),
    'input',
  )

  expect(fieldRows(schema).map(({ name, schema }) => `${name}: ${description(schema)}`)).toEqual([
    'tags: At most 3 items.',
    'tags[].name: 1 to 1,000 characters. Default "x".',
  ])
})

test('the OpenAPI document resolves its own references and names each operation once', () => {
  const document = openapi(operations, '1.2.3')
  const text = JSON.stringify(document)

  expect(document).toMatchObject({ openapi: '3.1.0', info: { version: '1.2.3' } })
  for (const [, reference = ''] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    const found = reference.split('/').reduce<unknown>((node, part) => Reflect.get(Object(node), part), document)
    expect([reference, found]).toEqual([reference, expect.any(Object)])
  }
  for (const { name } of operations) expect(text.split(`"operationId":"${name}"`)).toHaveLength(2)
})

test('the reference page shows every operation and loads nothing from elsewhere', () => {
  const { body, policy } = referencePage(operations, 'http://127.0.0.1:7411')

  for (const { name, path } of operations) {
    expect(body).toContain(`id="${name}"`)
    expect(body).toContain(path)
  }
  expect(body).not.toMatch(/(src|href)="(https?:)?\/\//)
  expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; .*script-src 'sha256-/)
})

test('text in a page is escaped, whatever it holds', () => {
  expect(html`<p title="${`"'`}">${'<b>&'}${html`<i>${['<', 1]}</i>`}</p>`.html).toBe(
    '<p title="&#34;&#39;">&#60;b&#62;&#38;<i>&#60;1</i></p>',
  )
})

test('an example with a quote in it survives the shell', () => {
  const [operation] = operations.filter(({ name }) => name === 'note.record')
  if (!operation) throw new Error('note.record is gone')

  expect(curl({ ...operation, example: { content: "it's" } })).toContain(`-d '{"content":"it'\\''s"}'`)
})
