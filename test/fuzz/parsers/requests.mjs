/** What an HTTP request carries: the query of a GET, a body, and the fields of an operation. */
import assert from 'node:assert/strict'
import { built, loadBuilt, loadDependency } from '../built.mjs'
import { unlessRefused, unlessRejected } from '../refusal.mjs'

const id = '01890a5d-ac96-774b-bcce-b302099a8057'

/** Filters and cursors: the first octet chooses the operation. What is taken is what URLSearchParams reads. */
const query = {
  name: 'query',
  guides: [built('surfaces/http/requestInput.js')],
  seeds: [
    `\0limit=20&after=${id}&status=any`,
    '\x01type=preference&subject=a+b%20%C3%A9',
    '\x02noteId=1&noteId=2',
    '\x03a=b=c&&=',
  ],
  dictionary: [
    '&',
    '=',
    '+',
    '%',
    '%20',
    '%00',
    '%ff',
    '%C3%A9',
    'limit',
    'after',
    'status',
    'type',
    'subject',
    'scopeId',
    '1e3',
  ].concat(['true', 'false', '-1', '1.5', '__proto__', 'constructor', 'atLeastSeq', 'kinds', id]),
  async load() {
    const { inputReader } = await loadBuilt('surfaces/http/requestInput.js')
    const { registry } = await loadBuilt('operations/registry.js')
    const readers = registry
      .filter(({ http }) => http.startsWith('GET '))
      .map(({ input }) => ({ read: inputReader('GET', input), input }))
    return (input) => {
      const { read, input: schema } = readers[(input[0] ?? 0) % readers.length]
      const text = input.subarray(1).toString('latin1')
      const fields = unlessRefused(['invalid_input'], () => read({ params: {}, raw: { url: `/x?${text}` } }))
      if (fields === undefined) return
      assertPlain(fields)
      const expected = new URLSearchParams(`&${text}`)
      assert.deepEqual(new Set(Object.keys(fields)), new Set(expected.keys()))
      for (const [field, value] of Object.entries(fields)) {
        const texts = expected.getAll(field)
        const values = [value].flat()
        assert.equal(values.length, texts.length)
        for (const [at, one] of values.entries()) {
          assert.ok(
            typeof one === 'number' ? one === Number(texts[at]) : String(one) === texts[at],
            `${field} is ${one}`,
          )
        }
      }
      schema.safeParse(fields)
    }
  },
}

/** A body: what fatal UTF-8 decoding and JSON.parse give, or a refusal. */
const body = {
  name: 'json-body',
  guides: [built('surfaces/http/jsonBody.js'), built('surfaces/http/requestInput.js')],
  seeds: [
    '{"content":"x","sources":[{"turnId":"1"}]}',
    '',
    '[1,-0,1e5,"\\u00e9"]',
    '{"__proto__":{"a":1}}',
    '\ufeff{}',
  ],
  dictionary: [
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '\\u',
    '\\ud800',
    '"__proto__"',
    '"constructor":{"prototype":1}',
    '\\u005f',
    '\ufeff',
  ].concat(['noteId', 'true', 'null', '-0', '1e999', ' ', '\t', '\0', '\xa0']),
  shape: 'json',
  async load() {
    const { takeJsonOnly } = await loadBuilt('surfaces/http/jsonBody.js')
    const { inputReader } = await loadBuilt('surfaces/http/requestInput.js')
    const { registry } = await loadBuilt('operations/registry.js')
    const parse = parserTaken(takeJsonOnly)
    const read = inputReader('POST', registry[0].input)
    return async (input) => {
      const parsed = await unlessRejected(['invalid_input'], async () => ({
        body: await parse({ headers: {} }, input),
      }))
      const expected = expectedBody(input)
      if (parsed === undefined)
        return assert.ok(expected === undefined || isPoisoned(expected.value), 'refused without reason')
      assert.ok(expected !== undefined, 'taken though it is no JSON')
      assert.deepEqual(parsed.body, expected.value)
      const request = { params: { noteId: id }, raw: { url: '/x' }, body: parsed.body ?? undefined }
      const fields = unlessRefused(['invalid_input'], () => read(request))
      if (fields !== undefined) assertPlain(fields)
    }
  },
}

/** `{"operation": …, "input": …}` through the real dispatch over a database without rows: refused, or not found. */
const operationInput = {
  name: 'operation-input',
  guides: [built('operations/'), built('domain/text.js'), built('domain/limits.js')],
  async seeds() {
    const { registry } = await loadBuilt('operations/registry.js')
    return registry.map(({ name, example }) => JSON.stringify({ operation: name, input: example }))
  },
  async dictionary() {
    const { registry } = await loadBuilt('operations/registry.js')
    const fields = registry.flatMap(({ input }) => Object.keys(input.shape))
    return [
      ...new Set(fields),
      id,
      '2026-05-01T12:00:00Z',
      '0000-01-01T00:00:00Z',
      '9999-12-31T23:59:59-12:00',
      '+15:00',
    ].map((text) => JSON.stringify(text))
  },
  shape: 'json',
  maxBytes: 2_048,
  async load() {
    const { createDispatch } = await loadBuilt('operations/dispatch.js')
    const { CaliberError } = await loadBuilt('domain/errors.js')
    const { rights } = await loadBuilt('domain/principal.js')
    const nothing = async () => {
      throw new CaliberError('not_found', 'There is nothing here.')
    }
    const dispatch = createDispatch({
      sessions: { run: nothing },
      memories: { at: nothing, grown: () => {} },
      windows: { find: nothing, get: nothing, keep: nothing },
      queryVectors: [],
      tokenizer: { name: 'characters', count: (text) => text.length },
      newId: () => id,
      now: () => new Date(0),
      status: async () => ({ version: '0', tier: 'embedded', database: 'ok', uptimeSeconds: 1 }),
    })
    const principal = { tenantId: id, principalId: id, rights }
    const codes = ['invalid_input', 'not_found', 'unknown_operation', 'budget_too_small', 'unavailable']
    return async (input) => {
      const call = expectedBody(input)?.value
      if (typeof call !== 'object' || call === null || Array.isArray(call)) return
      const operation = String(call.operation)
      await unlessRejected(codes, () => dispatch({ operation, input: call.input, principal }))
    }
  },
}

export const requestParsers = [query, body, operationInput]

/** The parser that `takeJsonOnly` gives to Fastify, as a promise. */
function parserTaken(takeJsonOnly) {
  const app = loadDependency('fastify')()
  let taken
  takeJsonOnly({
    getDefaultJsonParser: app.getDefaultJsonParser.bind(app),
    removeAllContentTypeParsers() {},
    addContentTypeParser: (_type, _options, parse) => (taken = parse),
  })
  return (request, bytes) =>
    new Promise((resolve, reject) => taken(request, bytes, (error, value) => (error ? reject(error) : resolve(value))))
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function expectedBody(input) {
  try {
    const text = utf8.decode(input)
    return text === '' ? { value: undefined } : { value: JSON.parse(text.replace(/^\ufeff/, '')) }
  } catch {
    return undefined
  }
}

/** Holds a key that could reach a prototype when it is copied carelessly. */
function isPoisoned(value) {
  const open = [value]
  for (let inner = open.pop(); inner !== undefined || open.length > 0; inner = open.pop()) {
    if (typeof inner !== 'object' || inner === null) continue
    if (Object.hasOwn(inner, '__proto__') || Object.hasOwn(inner, 'constructor')) return true
    open.push(...Object.values(inner))
  }
  return false
}

function assertPlain(fields) {
  assert.equal(Object.getPrototypeOf(fields), Object.prototype)
  assert.ok(!Object.hasOwn(fields, '__proto__'), 'a field "__proto__"')
}
