import { expect, test } from 'vitest'
import { CaliberError, errorTable } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import { registry } from '../../operations/registry.ts'
import { parseRoute } from './route.ts'
import { auth, emptyApp, key, principal, recordingApp, someId } from './testing/calls.ts'

test('a field of the path and the fields of the body become one input', async () => {
  const { app, calls } = await recordingApp()

  const reply = await app.inject({
    method: 'POST',
    url: `/v1/notes/${someId}/retract`,
    headers: { ...auth, 'idempotency-key': 'k1' },
    payload: { reason: 'misheard' },
  })

  expect(reply.statusCode).toBe(200)
  expect(calls).toEqual([
    { operation: 'note.retract', input: { noteId: someId, reason: 'misheard' }, principal, idempotencyKey: 'k1' },
  ])
})

test('a POST whose fields all stand in the path needs no body', async () => {
  const { app, calls } = await recordingApp()

  await app.inject({ method: 'POST', url: `/v1/scopes/${someId}/close`, headers: auth })
  await app.inject({
    method: 'POST',
    url: `/v1/scopes/${someId}/close`,
    headers: { ...auth, 'content-type': 'application/json' },
    payload: '',
  })

  expect(calls.map(({ input }) => input)).toEqual([{ scopeId: someId }, { scopeId: someId }])
})

test('query strings are read as the types of the fields', async () => {
  const { app, calls } = await recordingApp()

  await app.inject({ url: '/v1/notes?limit=20&subject=a+b%26c&type=fact', headers: auth })
  await app.inject({ url: '/v1/notes?limit=many&subject=5', headers: auth })

  expect(calls.map(({ input }) => input)).toEqual([
    { limit: 20, subject: 'a b&c', type: 'fact' },
    { limit: 'many', subject: '5' },
  ])
})

test('a value that is no number reaches the schema, which says what it should be', async () => {
  const app = await emptyApp()

  const reply = await app.inject({ url: '/v1/notes?limit=many', headers: auth })

  expect(reply.statusCode).toBe(400)
  expect(reply.json().error).toMatchObject({ code: 'invalid_input', detail: { issues: [{ path: 'limit' }] } })
})

test.each([
  ['a scalar field twice in the query', 'GET', '/v1/notes?limit=1&limit=2', undefined],
  ['a field that stands in the path, again in the body', 'POST', `/v1/scopes/${someId}/close`, { scopeId: someId }],
  ['a field that stands in the path, again in the query', 'GET', `/v1/notes/${someId}?noteId=${someId}`, undefined],
  ['a query on a POST', 'POST', '/v1/notes?subject=x', { subject: 'x', content: 'y' }],
  ['a body on a GET', 'GET', '/v1/notes', { limit: 1 }],
  ['a list as the body', 'POST', '/v1/notes', []],
  ['null as the body', 'POST', '/v1/notes', 'null'],
  ['no JSON', 'POST', '/v1/notes', '{"subject":'],
  ['a second byte order mark', 'POST', '/v1/notes', '\ufeff\ufeff{"subject":"x","content":"y"}'],
  ['a poisoned prototype', 'POST', '/v1/notes', '{"__proto__":{"a":1}}'],
  ['a poisoned constructor', 'POST', '/v1/notes', '{"a":{"constructor":{"prototype":{}}}}'],
  ['__proto__ in the query', 'GET', '/v1/notes?__proto__=1', undefined],
  ['a query that is no UTF-8', 'GET', '/v1/notes?subject=%ff', undefined],
  ['a path that is no UTF-8', 'GET', '/v1/notes/%ff', undefined],
  ['a broken percent sign', 'GET', '/v1/notes/%zz', undefined],
  ['a very long id', 'GET', `/v1/notes/${'a'.repeat(2_000)}`, undefined],
  ['an unknown field', 'GET', '/v1/notes?colour=red', undefined],
  ['nesting without end', 'POST', '/v1/notes', `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
] as const)('%s is refused as invalid input', async (_, method, url, payload) => {
  const app = await emptyApp()

  const reply = await app.inject({
    method,
    url,
    headers: { ...auth, ...(payload !== undefined && { 'content-type': 'application/json' }) },
    ...(payload !== undefined && { payload: typeof payload === 'string' ? payload : JSON.stringify(payload) }),
  })

  expect([reply.statusCode, reply.json().error.code]).toEqual([400, 'invalid_input'])
  expect(reply.json().error.requestId).toBe(reply.headers['x-request-id'])
})

test('a body in another encoding or of another kind is refused', async () => {
  const app = await emptyApp()
  const send = (headers: Record<string, string>, payload: string | Buffer) =>
    app.inject({ method: 'POST', url: '/v1/notes', headers: { ...auth, ...headers }, payload })

  const plain = await send({ 'content-type': 'text/plain' }, 'hello')
  const form = await send({ 'content-type': 'application/x-www-form-urlencoded' }, 'subject=x')
  const latin = await send({ 'content-type': 'application/json' }, Buffer.from('{"subject":"é"}', 'latin1'))
  const zipped = await send({ 'content-type': 'application/json', 'content-encoding': 'gzip' }, '{}')

  expect([plain, form, latin, zipped].map((r) => [r.statusCode, r.json().error.code])).toEqual([
    [415, 'invalid_input'],
    [415, 'invalid_input'],
    [400, 'invalid_input'],
    [400, 'invalid_input'],
  ])
})

test('a body above the limit is too large, and is not read by somebody without a credential', async () => {
  const app = await emptyApp()
  const payload = JSON.stringify({ subject: 'x', content: 'y'.repeat(limits.requestBytes) })
  const headers = { 'content-type': 'application/json' }

  const known = await app.inject({ method: 'POST', url: '/v1/notes', headers: { ...auth, ...headers }, payload })
  const stranger = await app.inject({ method: 'POST', url: '/v1/notes', headers, payload })

  expect([known.statusCode, known.json().error.code]).toEqual([413, 'too_large'])
  expect([stranger.statusCode, stranger.json().error.code]).toEqual([401, 'unauthenticated'])
})

test('every operation that needs a right answers 401 without a good key', async () => {
  const { app, calls } = await recordingApp()
  for (const { http, needs, name } of registry) {
    const { method, path } = parseRoute(http)
    const url = path.replaceAll(/\{\w+\}/g, someId)
    for (const authorization of [undefined, 'Bearer wrong', `Basic ${key}`, key, 'Bearer', `Bearer ${key} ${key}`]) {
      const reply = await app.inject({ method, url, headers: authorization === undefined ? {} : { authorization } })
      expect([name, reply.statusCode]).toEqual([name, needs === 'none' ? 200 : 401])
      if (needs !== 'none') expect(reply.headers['www-authenticate']).toBe('Bearer realm="caliber"')
    }
  }
  expect(new Set(calls.map(({ principal }) => principal))).toEqual(new Set([undefined]))
})

test('every code of the error table keeps its status, and what passes says when to come back', async () => {
  for (const [code, { http, retryable }] of Object.entries(errorTable)) {
    const { app } = await recordingApp(() => {
      throw new CaliberError(code as keyof typeof errorTable, 'It went wrong.', { id: 'x' })
    })
    const reply = await app.inject({ url: '/v1/health' })

    expect(reply.statusCode).toBe(http)
    expect(reply.json()).toEqual({
      error: {
        code,
        message: 'It went wrong.',
        detail: { id: 'x' },
        retryable,
        requestId: reply.headers['x-request-id'],
      },
    })
    expect(reply.headers['retry-after']).toBe(retryable ? '1' : undefined)
  }
})

test('what nobody foresaw is logged with the request id and never sent', async () => {
  const lines: string[] = []
  const { app } = await recordingApp(
    () => {
      throw new Error('select secret from /srv/db')
    },
    { log: { stream: { write: (line) => void lines.push(line) } } },
  )

  const reply = await app.inject({ url: '/v1/health' })

  expect([reply.statusCode, reply.json().error.code]).toEqual([500, 'internal'])
  expect(reply.body).not.toContain('secret')
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { reqId: reply.headers['x-request-id'], err: { message: 'select secret from /srv/db' } },
  ])
})

test('an unknown route is 404 and a wrong method 405, in the shape of all errors', async () => {
  const { app } = await recordingApp()

  const unknown = await app.inject({ url: '/v2/notes' })
  const wrong = await app.inject({ method: 'DELETE', url: '/v1/notes', payload: 'x' })
  const head = await app.inject({ method: 'HEAD', url: '/v1/notes' })

  expect([unknown.statusCode, unknown.json().error.code]).toEqual([404, 'unknown_operation'])
  expect([wrong.statusCode, wrong.json().error.code, wrong.headers.allow]).toEqual([
    405,
    'unknown_operation',
    'POST, GET',
  ])
  expect(head.statusCode).toBe(405)
})

test.each([
  ['a foreign Host', { host: 'evil.example' }, 403],
  ['a Host that only looks like loopback', { host: '127.0.0.1.evil.example' }, 403],
  ['a user in Host', { host: 'localhost@evil.example' }, 403],
  ['a Host that a URL parser would forgive', { host: '/localhost:7411' }, 403],
  ['a Host with a path', { host: 'localhost/' }, 403],
  ['a Host that is encoded', { host: '%6cocalhost' }, 403],
  ['a foreign Origin', { host: 'localhost:7411', origin: 'https://evil.example' }, 403],
  ['the Origin null', { host: 'localhost:7411', origin: 'null' }, 403],
  ['another port of this machine', { host: 'localhost:7411', origin: 'http://localhost:3000' }, 403],
  ['another name of this machine', { host: 'localhost:7411', origin: 'http://127.0.0.1:7411' }, 403],
  ['the server itself', { host: 'localhost:7411', origin: 'http://localhost:7411' }, 200],
  ['the server itself behind TLS', { host: 'memory.example', origin: 'https://memory.example' }, 200],
  ['IPv6 loopback', { host: '[::1]:7411' }, 200],
  ['loopback in another spelling', { host: '127.8.8.8' }, 200],
] as const)('%s answers %o with %i', async (_, headers, status) => {
  const { app } = await recordingApp(undefined, { allowedHosts: ['memory.example'] })

  for (const url of ['/v1/health', '/', '/reference', '/openapi.json']) {
    const reply = await app.inject({ url, headers })
    expect([url, reply.statusCode]).toEqual([url, status])
  }
})

test('every answer forbids sniffing, framing and caching', async () => {
  const { app } = await recordingApp()

  for (const url of ['/v1/health', '/v1/notes', '/nowhere', '/', '/reference', '/openapi.json', '/v1/notes/%zz']) {
    const { headers } = await app.inject({ url })
    expect([url, headers['x-content-type-options'], headers['cache-control']]).toEqual([url, 'nosniff', 'no-store'])
    expect(headers['content-security-policy']).toMatch(/default-src 'none'.*frame-ancestors 'none'/)
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
    expect(headers['access-control-allow-origin']).toBeUndefined()
  }
})
