import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { connect, httpTransport } from './index.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close()
    server.closeAllConnections()
  }
})

const key = 'cal_test'
const note = '01890a5d-ac96-774b-bcce-b302099a8057'

test('a read sends its fields in path and query, with the key and nothing else', async () => {
  const { url, seen } = await serving([json({ items: [], next: null })])

  expect(await connect({ url, key }).note.list({ limit: 5, subject: 'a&b', type: undefined })).toEqual({
    items: [],
    next: null,
  })

  expect(seen).toMatchObject([{ method: 'GET', url: '/v1/notes?limit=5&subject=a%26b', body: '' }])
  expect(seen[0]?.headers).toMatchObject({ authorization: 'Bearer cal_test', accept: 'application/json' })
  expect(seen[0]?.headers).not.toHaveProperty('idempotency-key')
})

test('a write that fails in passing is repeated with the same idempotency key', async () => {
  const { url, seen } = await serving([
    failure(503, 'unavailable', true),
    (response) => void response.destroy(),
    json({ noteId: note }),
  ])

  expect(await connect({ url, key }).note.retract({ noteId: note, reason: 'misheard' })).toEqual({ noteId: note })

  const keys = seen.map(({ headers }) => headers['idempotency-key'])
  expect(keys).toHaveLength(3)
  expect(new Set(keys).size).toBe(1)
  expect(keys[0]).toMatch(/^[0-9a-f]{32}$/)
  expect(seen.map(({ body }) => body)).toEqual(Array(3).fill('{"reason":"misheard"}'))
})

test('two writes have two keys, and a key that the caller gives is used', async () => {
  const { url, seen } = await serving([json({}), json({}), json({})])
  const client = connect({ url, key })

  await client.scope.close({ scopeId: note })
  await client.scope.close({ scopeId: note })
  await client.scope.close({ scopeId: note }, { idempotencyKey: 'mine' })

  expect(new Set(seen.map(({ headers }) => headers['idempotency-key'])).size).toBe(3)
  expect(seen[2]?.headers['idempotency-key']).toBe('mine')
})

test('an error that will not pass is thrown at once, as the server sent it', async () => {
  const { url, seen } = await serving([failure(409, 'version_conflict', false)])

  await expect(connect({ url, key }).note.get({ noteId: note })).rejects.toMatchObject({
    name: 'CaliberError',
    code: 'version_conflict',
    message: 'It did not work.',
    detail: { id: 'x' },
    retryable: false,
    requestId: 'r-1',
  })
  expect(seen).toHaveLength(1)
})

test('retries are bounded', async () => {
  const { url, seen } = await serving(Array(9).fill(failure(503, 'unavailable', true)))

  await expect(connect({ url, key, retries: 2 }).server.health()).rejects.toMatchObject({ code: 'unavailable' })

  expect(seen).toHaveLength(3)
})

test('a server that does not answer in time is a time-out, and one that is away is unavailable', async () => {
  const { url } = await serving([() => {}])

  await expect(connect({ url, key, timeoutMs: 50, retries: 0 }).server.health()).rejects.toMatchObject({
    code: 'timeout',
    retryable: true,
  })
  await expect(connect({ url: 'http://127.0.0.1:1', key, retries: 0 }).server.health()).rejects.toMatchObject({
    code: 'unavailable',
    detail: { origin: 'http://127.0.0.1:1' },
  })
})

test('a proxy that answers HTML is not mistaken for Caliber', async () => {
  const html =
    (status: number): Answer =>
    (response) =>
      void response.writeHead(status, { 'content-type': 'text/html' }).end('<h1>hello</h1>')
  const { url, seen } = await serving([html(502), html(200)])

  await expect(connect({ url, key }).server.health()).rejects.toMatchObject({
    code: 'unavailable',
    detail: { status: 200 },
  })
  expect(seen).toHaveLength(2)
})

test('an aborted call rejects with its reason and is not repeated, under way or between two attempts', async () => {
  const { url, seen } = await serving([() => {}, failure(503, 'unavailable', true, { 'retry-after': '4' })])
  const client = connect({ url, key })
  for (const afterMs of [30, 60]) {
    const { signal, abort } = abortAfter(afterMs)
    await expect(client.server.health({}, { signal })).rejects.toBe(abort)
  }
  await expect(client.server.health({}, { signal: AbortSignal.abort('never') })).rejects.toBe('never')

  expect(seen).toHaveLength(2)
})

test('an id that would leave its place in the path is refused before anything is sent', async () => {
  const { url, seen } = await serving([])
  const client = connect({ url, key })

  for (const noteId of ['', '.', '..', '\ud800']) {
    await expect(client.note.get({ noteId })).rejects.toMatchObject({ code: 'invalid_input' })
  }
  expect(seen).toHaveLength(0)
})

test('an id with a slash stays one part of the path', async () => {
  const { url, seen } = await serving([json({})])

  await connect({ url, key }).note.get({ noteId: '../scopes?x=1#' })

  expect(seen[0]?.url).toBe('/v1/notes/..%2Fscopes%3Fx%3D1%23')
})

test('a redirect is not followed: the key is for this server alone', async () => {
  const { url, seen } = await serving([
    (response) => void response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end(),
  ])

  await expect(connect({ url, key, retries: 0 }).server.health()).rejects.toMatchObject({ code: 'unavailable' })
  expect(seen).toHaveLength(1)
})

test.each([
  ['a URL without a scheme', { url: 'localhost:7411', key }],
  ['a URL with a user', { url: 'http://me:secret@localhost', key }],
  ['a URL with a query', { url: 'http://localhost/?a=1', key }],
  ['another protocol', { url: 'ftp://localhost', key }],
  ['a key with a line break', { url: 'http://localhost', key: 'cal_\r\nx: y' }],
  ['no key', { url: 'http://localhost', key: '' }],
])('%s is refused when connecting', (_, options) => {
  expect(() => connect(options)).toThrow(expect.objectContaining({ code: 'invalid_input' }))
})

test('a server below a prefix is reached', async () => {
  const { url, seen } = await serving([json({})])

  await connect({ url: `${url}/memory/`, key }).server.health()

  expect(seen[0]?.url).toBe('/memory/v1/health')
})

test('an operation that this client does not know is an error, whatever it is called', async () => {
  const transport = httpTransport({ url: 'http://127.0.0.1:1', key })

  for (const name of ['note.burn', 'constructor', '__proto__', '']) {
    await expect(transport.call(name, {})).rejects.toMatchObject({ code: 'unknown_operation' })
  }
})

type Answer = (response: ServerResponse) => void

interface Seen extends Pick<IncomingMessage, 'method' | 'url' | 'headers'> {
  readonly body: string
}

/** A server that gives these answers in turn, and remembers what it was asked. */
async function serving(answers: readonly Answer[]): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (piece: string) => {
      body += piece
    })
    request.on('end', () => {
      const answer = answers[seen.length]
      seen.push({ method: request.method, url: request.url, headers: request.headers, body })
      answer?.(response)
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no address')
  return { url: `http://127.0.0.1:${address.port}`, seen }
}

function json(value: unknown): Answer {
  return (response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

function failure(status: number, code: string, retryable: boolean, headers: Record<string, string> = {}): Answer {
  const error = { code, message: 'It did not work.', detail: { id: 'x' }, retryable, requestId: 'r-1' }
  return (response) =>
    void response
      .writeHead(status, { 'content-type': 'application/json', 'x-request-id': 'r-1', ...headers })
      .end(JSON.stringify({ error }))
}

function abortAfter(ms: number): { signal: AbortSignal; abort: Error } {
  const controller = new AbortController()
  const abort = new Error('enough')
  setTimeout(() => controller.abort(abort), ms)
  return { signal: controller.signal, abort }
}
