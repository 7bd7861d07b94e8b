/** Against a real server that speaks the wire format: every way in which a provider errs. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { embedderSuite } from './embedder.suite.ts'
import { type OpenAiEmbedderOptions, openAiEmbedder } from './openAiEmbedder.ts'
import { type EmbeddingServer, embeddingServer, type Fault, wireOf } from './testing/embeddingServer.ts'

const dimensions = 8
const key = 'sk-secret'
let server: EmbeddingServer
let waitsMs: number[] = []
let nowMs = 0

beforeAll(async () => {
  server = await embeddingServer(dimensions)
})
afterAll(() => server.close())
beforeEach(() => {
  server.requests.length = 0
  waitsMs = []
  nowMs = 0
})

embedderSuite('openAiEmbedder', () => embedderAt())

test('the key travels as a bearer token, and texts in batches', async () => {
  await ask(Array.from({ length: 130 }, (_, i) => `text ${i}`))
  expect(server.requests.map(({ texts }) => texts.length)).toEqual([64, 64, 2])
  expect(server.requests[0]?.authorization).toBe(`Bearer ${key}`)
  server.requests.length = 0
  await ask(['x'.repeat(150_000), 'y'.repeat(150_000), 'z'])
  expect(server.requests.map(({ texts }) => texts.length)).toEqual([1, 2])
})

test('what the server counts is told once for each answer, of use or not; an answer that was cut says nothing', async () => {
  const counted: unknown[] = []
  const tell = (tokens: unknown) => void counted.push(tokens)
  const tokens = (inputTokens: number) => ({ inputTokens, outputTokens: 0 })
  const embed = (texts: readonly string[]) =>
    embedderAt().embed(texts, { signal: new AbortController().signal, counted: tell })
  server.fail(status(429), cutShort)
  await embed(Array.from({ length: 65 }, () => 'two words'))
  expect(counted.splice(0)).toEqual([tokens(128), tokens(2)])
  server.fail((response) => response.end(wireOf([], { prompt_tokens: 5 })))
  await expect(embed(['a'])).rejects.toMatchObject({ code: 'unavailable' })
  expect(counted.splice(0)).toEqual([tokens(5)])
  for (const usage of [{ total_tokens: 7 }, { prompt_tokens: 0, total_tokens: 7 }, {}, null, { prompt_tokens: -1 }]) {
    server.fail((response, vectors) => response.end(wireOf(vectors, usage)))
    await embed(['a'])
  }
  expect(counted).toEqual([tokens(7), tokens(7)])
})

test('a server that asks for patience gets as much as it asks for', async () => {
  const date = { date: 'Fri, 27 Nov 2026 10:00:00 GMT', 'retry-after': 'Fri, 27 Nov 2026 10:00:09 GMT' }
  server.fail(status(429, { 'retry-after': '7' }), status(503, date))
  expect(await ask(['a'])).toHaveLength(1)
  expect(waitsMs).toEqual([7_000, 9_000])
})

test('a server that asks for more than a minute is not waited for', async () => {
  server.fail(status(429, { 'retry-after': '3600' }))
  await expect(ask(['a'])).rejects.toMatchObject({ code: 'unavailable', detail: { status: 429 } })
  expect(waitsMs).toEqual([])
})

test('what passes is tried again, each time after a longer wait', async () => {
  server.fail(status(500), hangUp, cutShort)
  expect(await ask(['a'])).toHaveLength(1)
  expect(waitsMs).toEqual([250, 500, 1_000])
  server.fail(...Array.from({ length: 4 }, () => status(502)))
  await expect(ask(['a'])).rejects.toMatchObject({ code: 'unavailable', detail: { status: 502 } })
})

test('a server that says nothing is left after the time limit', async () => {
  server.fail(
    () => {},
    () => {},
  )
  await expect(ask(['a'], { timeoutMs: 30, attempts: 2 })).rejects.toThrow(/gave no answer within 30 ms/)
  expect(server.requests).toHaveLength(2)
})

test('a caller that leaves ends the request', async () => {
  const leaving = new AbortController()
  server.fail(() => leaving.abort())
  const left = embedderAt().embed(['a'], { signal: leaving.signal })
  await expect(left).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('cancelled') })
  expect(waitsMs).toEqual([])
})

const malformed: Record<string, [Fault, RegExp]> = {
  'fewer dimensions': [(response, [vector = []]) => response.end(wireOf([vector.slice(1)])), /7 dimensions where 8/],
  'fewer vectors': [(response) => response.end(wireOf([])), /0 vectors for 1 texts/],
  'a vector too many': [(response, [vector = []]) => response.end(wireOf([vector, vector])), /2 vectors for 1 texts/],
  'the same place twice': [
    (response, [vector = []]) => {
      const entry = { index: 0, embedding: [...vector] }
      response.end(JSON.stringify({ data: [entry, entry] }))
    },
    /2 vectors for 1 texts/,
  ],
  'a place that no text has': [
    (response, [vector = []]) => response.end(JSON.stringify({ data: [{ index: 3, embedding: [...vector] }] })),
    /no vector/,
  ],
  'a number that is none': [(response) => response.end(wireOf([[1, 2, 3, 4, 5, 6, 7, null]])), /no vector/],
  'no direction': [(response) => response.end(wireOf([Array(8).fill(0)])), /without a direction/],
  'numbers beyond all bounds': [(response) => response.end(wireOf([Array(8).fill(1e308)])), /without a direction/],
  'another document': [(response) => response.end('{"error":"no such thing"}'), /0 vectors/],
  'a redirect': [status(302, { location: 'http://127.0.0.1:1/' }), /status 302/],
  'a refused key': [status(401), /status 401. Check its key/],
}
test.each(Object.entries(malformed))('%s is an error that says so, at once', async (_, [fault, said]) => {
  server.fail(fault)
  const refused = await ask(['a']).catch((error: unknown) => error)
  expect(refused).toMatchObject({ code: 'unavailable', message: expect.stringMatching(said) })
  expect(server.requests).toHaveLength(1)
})

test('an answer beyond its bound is not read to its end', async () => {
  server.fail((response) => response.end(' '.repeat(200_000)))
  await expect(ask(['a'])).rejects.toThrow(/more than \d+ octets/)
})

test('a refused text is the fault of the text, and leaves the circuit closed', async () => {
  const embedder = embedderAt()
  for (let i = 0; i < 5; i += 1) {
    server.fail(status(400))
    await expect(ask(['a'], {}, embedder)).rejects.toMatchObject({ code: 'invalid_input' })
  }
  expect(await ask(['a'], {}, embedder)).toHaveLength(1)
})

test('a server that keeps failing is left alone, then tried with one request', async () => {
  const embedder = embedderAt({ attempts: 1 })
  server.fail(status(500), status(500), status(500), status(500))
  for (let i = 0; i < 5; i += 1) await expect(ask(['a'], {}, embedder)).rejects.toThrow()
  expect(server.requests).toHaveLength(3)
  nowMs += 30_000
  await expect(ask(['a'], {}, embedder)).rejects.toThrow(/status 500/)
  await expect(ask(['a'], {}, embedder)).rejects.toThrow(/left alone/)
  nowMs += 30_000
  expect(await ask(['a'], {}, embedder)).toHaveLength(1)
  expect(await ask(['a'], {}, embedder)).toHaveLength(1)
})

test('no error shows the key, the address or the text', async () => {
  const port = new URL(server.baseUrl).port
  const errors: unknown[] = []
  for (const fault of [status(401), status(400), hangUp, cutShort, ...Object.values(malformed).map(([each]) => each)]) {
    server.fail(fault)
    errors.push(await ask(['private words'], { attempts: 1 }).catch((error: unknown) => error))
  }
  for (const bad of [`http://user:${key}@127.0.0.1/`, `${key}`]) {
    errors.push(await attempt(() => embedderAt({ baseUrl: bad })))
  }
  errors.push(await attempt(() => embedderAt({ key: `${key}\n` })))
  for (const error of errors) {
    expect(error).toBeInstanceOf(Error)
    const { message, detail, cause } = error as Error & { detail: unknown }
    for (const secret of [key, port, 'private words']) {
      expect(`${message} ${JSON.stringify(detail)} ${String(cause)}`).not.toContain(secret)
    }
  }
})

function embedderAt(options: Partial<OpenAiEmbedderOptions> = {}) {
  return openAiEmbedder({
    baseUrl: server.baseUrl,
    model: 'test-model',
    dimensions,
    key,
    now: () => nowMs,
    random: () => 0.5,
    sleep: async (ms) => void waitsMs.push(ms),
    ...options,
  })
}

function ask(texts: readonly string[], options: Partial<OpenAiEmbedderOptions> = {}, embedder = embedderAt(options)) {
  return embedder.embed(texts, { signal: new AbortController().signal })
}

async function attempt(work: () => unknown): Promise<unknown> {
  try {
    return work()
  } catch (error) {
    return error
  }
}

function status(code: number, headers: Record<string, string> = {}): Fault {
  return (response) => response.writeHead(code, headers).end('{"error":{"message":"no"}}')
}

function hangUp(...[response]: Parameters<Fault>): void {
  response.destroy()
}

/** Announce more than is sent. */
function cutShort(...[response, vectors]: Parameters<Fault>): void {
  const text = wireOf(vectors)
  response.writeHead(200, { 'content-length': text.length })
  response.write(text.slice(0, -20), () => response.destroy())
}
