import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { FastifyInstance } from 'fastify'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { listenOn } from './listen.ts'
import { recordingApp } from './testing/calls.ts'

const open: FastifyInstance[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((app) => app.close()))
})

const loopback = { host: '127.0.0.1', port: 0 } as const

test('one app answers on a port and on a unix socket, and closes both', async () => {
  const app = await openApp()
  const socketPath = await freshSocketPath()

  const url = await listenOn(app, loopback)
  const address = await listenOn(app, { socketPath })

  expect(address).toBe(`unix:${socketPath}`)
  expect((await fetch(`${url}/v1/health`)).status).toBe(200)
  expect((await get({ socketPath })).status).toBe(200)
  expect((await stat(socketPath)).mode & 0o777).toBe(0o600)

  await app.close()

  await expect(fetch(`${url}/v1/health`)).rejects.toThrow()
  await expect(get({ socketPath })).rejects.toThrow()
})

test('a socket file that nobody answers on is replaced; a living one and any other file are left alone', async () => {
  const socketPath = await freshSocketPath()
  await leaveStaleSocket(socketPath)
  const app = await openApp()

  await listenOn(app, { socketPath })

  expect((await get({ socketPath })).status).toBe(200)
  await expect(listenOn(await openApp(), { socketPath })).rejects.toMatchObject({ code: 'conflict' })
  expect((await get({ socketPath })).status).toBe(200)

  const file = `${socketPath}.txt`
  await writeFile(file, 'precious')
  await expect(listenOn(await openApp(), { socketPath: file })).rejects.toMatchObject({ code: 'conflict' })
  expect((await stat(file)).size).toBe(8)
})

test('an address off loopback is refused, and one that is taken too', async () => {
  const url = await listenOn(await openApp(), loopback)
  const port = Number(new URL(url).port)

  for (const host of ['0.0.0.0', '::', '192.168.0.1', 'example.com', '']) {
    await expect(listenOn(await openApp(), { host, port: 0 })).rejects.toMatchObject({ code: 'invalid_input' })
  }
  await expect(listenOn(await openApp(), { host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'conflict' })
})

test('closing takes no new connection and waits for the running request', async () => {
  const running = gate()
  const started = gate()
  const app = await openApp(async () => {
    started.open()
    await running.passed
    return { done: true }
  })
  const url = new URL(await listenOn(app, loopback))
  const answer = exchange(Number(url.port), 'GET /v1/health HTTP/1.1\r\nhost: localhost\r\n\r\n')
  await started.passed

  const closed = app.close()
  await new Promise((resolve) => setImmediate(resolve))
  await expect(fetch(`${url.origin}/v1/health`)).rejects.toThrow()
  running.open()

  expect(await answer).toMatch(/^HTTP\/1.1 200 .*connection: close.*\{"done":true\}$/is)
  await closed
})

test.each([
  ['no HTTP at all', 'hello there\r\n\r\n', 400, 'invalid_input'],
  [
    'headers beyond the limit',
    `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`,
    431,
    'too_large',
  ],
  [
    'two lengths',
    'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n',
    400,
    'invalid_input',
  ],
  [
    'a length and chunks',
    'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
    'invalid_input',
  ],
] as const)('%s is answered in the shape of all errors', async (_, bytes, status, code) => {
  const url = new URL(await listenOn(await openApp(), loopback))

  const answer = await exchange(Number(url.port), bytes)

  const [head = '', body = ''] = answer.split('\r\n\r\n')
  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  expect(JSON.parse(body).error).toMatchObject({ code, requestId: /x-request-id: (.*)/.exec(head)?.[1]?.trim() })
})

/** A promise and what fulfils it. */
function gate() {
  let open = (): void => {}
  const passed = new Promise<void>((resolve) => {
    open = resolve
  })
  return { passed, open: () => open() }
}

async function openApp(answer?: () => unknown): Promise<FastifyInstance> {
  const { app } = await recordingApp(answer)
  open.push(app)
  return app
}

async function freshSocketPath(): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), 'caliber-door-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  return path.join(directory, 'caliber.sock')
}

/** What a killed process leaves: the file of a socket that no process holds. */
async function leaveStaleSocket(socketPath: string): Promise<void> {
  spawnSync(process.execPath, [
    '-e',
    `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`,
    socketPath,
  ])
  expect((await stat(socketPath)).isSocket()).toBe(true)
}

function get({ socketPath }: { socketPath: string }): Promise<{ status: number | undefined }> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path: '/v1/health', agent: false }, (response) => {
      response.resume().once('end', () => resolve({ status: response.statusCode }))
    })
      .once('error', reject)
      .end()
  })
}

/** Send octets as they are; `answer` is all that came back when the server ended the connection. */
function exchange(port: number, bytes: string) {
  const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
  const answer = new Promise<string>((resolve, reject) => {
    let text = ''
    socket.on('data', (data) => {
      text += data.toString()
    })
    socket.once('end', () => resolve(text)).once('error', reject)
  })
  return answer
}
