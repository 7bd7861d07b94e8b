import { CaliberError as ClientError, clientOver, httpTransport } from '@caliber/client'
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CaliberError } from '../../domain/errors.ts'
import type { Call } from '../../operations/dispatch.ts'
import { registry } from '../../operations/registry.ts'
import { listenOn } from './listen.ts'
import { key, recordingApp, someId } from './testing/calls.ts'

let calls: Call[] = []
let answer: (call: Call) => unknown = (call) => call.input
let url: string
let close: () => Promise<void>

beforeAll(async () => {
  const { app } = await recordingApp((call) => {
    calls.push(call)
    return answer(call)
  })
  url = await listenOn(app, { host: '127.0.0.1', port: 0 })
  close = () => app.close()
})
afterAll(() => close())

test('what the client is given is what dispatch gets, for every operation', async () => {
  const transport = httpTransport({ url, key })

  for (const { name, example, effect, idempotent } of registry) {
    calls = []
    expect(await transport.call(name, example)).toEqual(example)
    expect(calls).toMatchObject([{ operation: name, input: example }])
    // Where a retry could do something twice, there is a key that prevents it.
    expect([name, calls[0]?.idempotencyKey === undefined]).toEqual([name, effect !== 'write' || idempotent])
  }
})

test('any text and any list survive the way through path, query and body', async () => {
  const client = clientOver(httpTransport({ url, key }))
  const text = fc.string({ unit: 'grapheme', minLength: 1 }).filter((t) => t !== '.' && t !== '..')

  await fc.assert(
    fc.asyncProperty(text, text, fc.integer(), async (id, words, limit) => {
      expect(await client.note.get({ noteId: id })).toEqual({ noteId: id })
      expect(await client.note.list({ subject: words, limit })).toEqual({ subject: words, limit })
      expect(await client.memory.search({ query: words, kinds: ['note', 'turn'] })).toEqual({
        query: words,
        kinds: ['note', 'turn'],
      })
    }),
    { numRuns: 100 },
  )
})

test('an error arrives with its code, message, detail and request id', async () => {
  answer = () => {
    throw new CaliberError('not_found', `There is no note ${someId}.`, { noteId: someId })
  }
  const failure = await clientOver(httpTransport({ url, key }))
    .note.get({ noteId: someId })
    .catch((error: unknown) => error)

  expect(failure).toBeInstanceOf(ClientError)
  expect(failure).toMatchObject({
    code: 'not_found',
    message: `There is no note ${someId}.`,
    detail: { noteId: someId },
    retryable: false,
    requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
  })
})
