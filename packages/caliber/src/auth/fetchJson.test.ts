import http from 'node:http'
import net from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { fetchJson } from './fetchJson.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

test('a document of this machine is fetched where that was asked for', async () => {
  const { url, requests } = await serving((_, response) => response.end('{"keys":[]}'))

  expect(await fetchJson(url, { loopback: true })).toEqual({ keys: [] })
  expect(requests[0]?.headers).toMatchObject({ accept: 'application/json' })
  expect(requests[0]?.headers).not.toHaveProperty('authorization')
})

test.each([
  'http://127.0.0.1:1/',
  'http://[::1]:1/',
  'http://10.0.0.1/',
  'http://169.254.169.254/latest/',
  'http://0/',
])('from outside, the inner address %s is not connected to', async (url) => {
  await expect(fetchJson(new URL(url), { loopback: false })).rejects.toThrow('not an address to fetch from')
})

test('a name is judged by what it resolves to, and one inner address among many is enough', async () => {
  const { url, requests } = await serving((_, response) => response.end('{}'))
  const named = new URL(url.href.replace('127.0.0.1', 'keys.example'))
  const inner = { address: '127.0.0.1', family: 4 }
  const outer = { address: '8.8.8.8', family: 4 }

  for (const addresses of [[inner], [outer, inner], []]) {
    const fetching = fetchJson(named, { loopback: false, resolve: async () => addresses })
    await expect(fetching).rejects.toThrow('keys.example is not at an address to fetch from')
  }
  await expect(fetchJson(named, { loopback: true, resolve: async () => [outer] })).rejects.toThrow('not at an address')
  expect(requests).toEqual([])
  // The same server under the same name is reached where the address is allowed: it was the guard that refused.
  expect(await fetchJson(named, { loopback: true, resolve: async () => [inner] })).toEqual({})
})

test('a redirect is not followed', async () => {
  const { url, requests } = await serving((request, response) => {
    if (request.url === '/') response.writeHead(302, { location: '/elsewhere' }).end()
    else response.end('{}')
  })

  await expect(fetchJson(url, { loopback: true })).rejects.toThrow('status 302')
  expect(requests).toHaveLength(1)
})

test.each([
  ['another status', 503, '{}', 'status 503'],
  ['no JSON', 200, '<html>', 'JSON'],
  ['no object', 200, '[]', 'JSON object'],
  ['more than the limit', 200, `"${'x'.repeat(2_000)}"`, 'more than 1000 octets'],
])('%s is no document', async (_, status, body, message) => {
  const { url } = await serving((_request, response) => response.writeHead(status).end(body))

  await expect(fetchJson(url, { loopback: true, maxBytes: 1_000 })).rejects.toThrow(message)
})

test('an answer without end is cut off at the limit', async () => {
  const { url } = await serving((_, response) => {
    const timer = setInterval(() => response.write('x'.repeat(10_000)), 1)
    response.on('close', () => clearInterval(timer))
  })

  await expect(fetchJson(url, { loopback: true, maxBytes: 100_000 })).rejects.toThrow('more than 100000 octets')
})

test('a server that is silent, before its answer or in the middle of it, is given up', async () => {
  const silent = await serving(() => {})
  const halfway = await serving((_, response) => response.write('{'))

  for (const { url } of [silent, halfway]) {
    await expect(fetchJson(url, { loopback: true, timeoutMs: 100 })).rejects.toThrow()
  }
})

test('where TLS is asked for, plain text is not taken', async () => {
  const server = net.createServer((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}'))
  const url = await listening(server)

  await expect(fetchJson(new URL(url.href.replace('http:', 'https:')), { loopback: true })).rejects.toThrow()
})

async function serving(answer: (request: http.IncomingMessage, response: http.ServerResponse) => unknown) {
  const requests: http.IncomingMessage[] = []
  const server = http.createServer((request, response) => {
    requests.push(request)
    answer(request, response)
  })
  const url = await listening(server)
  closing.push(() => server.closeAllConnections())
  return { url, requests }
}

async function listening(server: net.Server): Promise<URL> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => server.close())
  const address = server.address()
  return new URL(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/`)
}
