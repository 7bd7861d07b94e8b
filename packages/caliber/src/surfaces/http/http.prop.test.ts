import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { registry } from '../../operations/registry.ts'
import { parseRoute } from './route.ts'
import { auth, emptyApp, someId } from './testing/calls.ts'

/** What an answer must never hold: a stack, a path of this machine, SQL, or the name of a library. */
const leaks =
  /\bat .+:\d+:\d+|node_modules|packages\/caliber|file:\/\/|\bselect\b.+\bfrom\b|caliber\.(note|turn)\b|zod|fastify|FST_ERR/i

test('no body, query, path or header makes an operation answer with 5xx or leak', async () => {
  const app = await emptyApp()

  await fc.assert(
    fc.asyncProperty(request(), async ({ operation, id, query, body, headers }) => {
      const { method, path } = parseRoute(operation.http)
      const filled = path.replaceAll(/\{\w+\}/g, () => encodeURIComponent(id))
      const reply = await app.inject({
        method,
        url: filled + (query === '' ? '' : `?${query}`),
        headers: { ...auth, ...headers },
        ...(method === 'GET' ? {} : { payload: body }),
      })

      expect(reply.statusCode, reply.body).toBeLessThan(500)
      if (reply.statusCode >= 400) {
        expect(reply.json().error).toMatchObject({ code: expect.any(String), requestId: reply.headers['x-request-id'] })
        expect(withoutEchoes(reply.json().error)).not.toMatch(leaks)
      }
    }),
    { numRuns: 1_500 },
  )
})

test('an example of each operation is accepted, and refused with one field more', async () => {
  const app = await emptyApp()

  for (const { name, http, example, needs } of registry) {
    const { method, path, pathFields } = parseRoute(http)
    const url = path.replaceAll(/\{(\w+)\}/g, (_, field: string) => String(example[field]))
    const rest = Object.entries(example).filter(([field]) => !pathFields.includes(field))
    const send = (fields: readonly (readonly [string, unknown])[]) =>
      method === 'GET'
        ? app.inject({
            url: `${url}?${fields.map(([k, v]) => `${k}=${encodeURIComponent(String(v))}`).join('&')}`,
            headers: auth,
          })
        : app.inject({ method, url, headers: auth, payload: Object.fromEntries(fields) })

    const good = await send(rest)
    const bad = await send([...rest, ['colour', 'red']])

    expect([name, good.statusCode]).toEqual([name, needs === 'none' ? 200 : 404])
    expect([name, bad.statusCode, bad.json().error?.code]).toEqual([name, 400, 'invalid_input'])
  }
})

/** Anything at all, and now and then something near to what is asked for. */
function request() {
  const word = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('', '.', '..', someId, 'null', '\0', '"', "'; --"),
  )
  const field = fc.constantFrom(
    'noteId',
    'content',
    'subject',
    'limit',
    'after',
    'turns',
    'query',
    'text',
    '__proto__',
    'constructor',
  )
  const value = fc.oneof(
    fc.json(),
    fc.string(),
    fc.constantFrom('1e999', '-1', '[]', '{"a":{}}', 'true', '9007199254740993'),
  )
  return fc.record({
    operation: fc.constantFrom(...registry),
    id: word.filter((text) => text.isWellFormed() && text !== '' && text !== '.' && text !== '..'),
    query: fc.oneof(
      fc.constant(''),
      fc.string().map((text) => text.replaceAll(/[\s#]/g, '')),
      fc.array(fc.tuple(field, value)).map((pairs) => pairs.map(([k, v]) => `${k}=${safe(v)}`).join('&')),
    ),
    body: fc.oneof(
      fc.constant(''),
      fc.string(),
      fc.json(),
      fc.array(fc.tuple(field, value)).map((pairs) => `{${pairs.map(([k, v]) => `"${k}":${v}`).join(',')}}`),
    ),
    headers: fc.record(
      {
        'content-type': fc.constantFrom('application/json', 'application/json; charset=utf-16', 'text/html', '', ';'),
        'idempotency-key': fc.string().map((text) => text.replaceAll(/[^\x20-\x7e]/g, 'x')),
        'content-encoding': fc.constantFrom('gzip', 'identity', ''),
        accept: fc.constantFrom('text/html', '*/*', ''),
        host: fc.constantFrom('localhost', 'evil', '', '[', '127.0.0.1:1'),
      },
      { requiredKeys: [] },
    ),
  })
}

function safe(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}

/** Messages quote the caller's own words; those prove nothing. */
function withoutEchoes({ message }: { message: string }): string {
  return message.replaceAll(/"[^"]*"/g, '""')
}
