/** The typed client against a real owner, over TCP and over its socket; and everything that must be refused over HTTP. */
import http from 'node:http'
import path from 'node:path'
import { CaliberError, type Client, connect } from '@caliber/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ContractOperation, contract } from '../../packages/caliber/src/generated/contract.ts'
import { socketFetch } from '../../packages/caliber/src/local/socketFetch.ts'
import { brokenValues, strangeValue } from './hostile.ts'
import { cliFile, endPrograms, type Program, startProgram } from './program.ts'
import { seeded } from './seeded.ts'
import { storedNotes, storedScopes, storedTrajectories } from './stored.ts'
import { removeDirectories, temporaryDirectory } from './temporary.ts'

const seed = Number(process.env['CALIBER_HOSTILE_SEED'] ?? 20_261_122)

let owner: Program
let key: string
let url: string
let socketPath: string
let overTcp: Client
let overSocket: Client
let known: Readonly<Record<string, unknown>>
const agent = new http.Agent({ keepAlive: true, maxSockets: 4 })

beforeAll(async () => {
  const dataDir = path.join(await temporaryDirectory(), 'memory')
  owner = startProgram(cliFile, ['up', '--port', '0', '--json', '--show-key', '--data-dir', dataDir])
  const served = await owner.hears((said) => 'url' in said)
  url = String(served['url'])
  key = String(served['key'])
  overTcp = connect({ url, key })
  socketPath = path.join(dataDir, 'caliber.sock')
  overSocket = connect({ url: 'http://localhost', key, fetch: socketFetch(socketPath) })
  known = await furnish(overTcp)
})
afterAll(async () => {
  agent.destroy()
  await endPrograms()
  await removeDirectories()
})

test.each(['TCP', 'the socket'])('the quickstart works over %s', async (way) => {
  const memory = way === 'TCP' ? overTcp : overSocket
  const { trajectoryId } = await memory.trajectory.start({ name: `Ship the booking API over ${way}` })
  const { scopeId } = await memory.scope.open({ trajectoryId, name: 'Monday' })
  const { turns } = await memory.turn.append({
    scopeId,
    turns: [
      { role: 'user', content: `Over ${way} the rate limit is 120 requests per minute.` },
      { role: 'assistant', content: 'Noted: 120 a minute.' },
    ],
  })
  expect(turns.map(({ sequence }) => sequence)).toEqual([1, 2])
  const { noteId } = await memory.note.record({ type: 'preference', subject: way, content: `Keep ${way} short.` })
  const { note } = await memory.note.supersede({ noteId, content: `${way} short, with a source.`, reason: 'asked' })

  const { items } = await memory.memory.search({ query: `rate limit over ${way}`, limit: 3 })
  expect(items.map(({ id }) => id)).toContain(turns[0]?.turnId)
  const context = await memory.context.assemble({ query: 'What is the rate limit?', scopeId, budgetTokens: 400 })
  expect(context.text).toContain('120 requests per minute')
  expect(context.text).toContain(note.content)
  expect(context.text).not.toContain(`Keep ${way} short.`)
  expect(context.receipt.usedTokens).toBeLessThanOrEqual(400)
  expect(await memory.context.explain({ windowId: context.windowId })).toEqual(context)
  await memory.scope.close({ scopeId })
  expect(await memory.trajectory.finish({ trajectoryId, status: 'completed' })).toMatchObject({ status: 'completed' })
})

test('both ways lead to one memory, and a repeated write with one key is done once', async () => {
  const options = { idempotencyKey: 'the-same-key' }
  const note = { subject: 'keys', content: 'A key makes twice once.' }
  const [one, other] = [await overTcp.note.record(note, options), await overSocket.note.record(note, options)]
  expect(other).toEqual(one)
  expect(await storedNotes(overSocket)).toEqual(await storedNotes(overTcp))
  await expect(overTcp.note.record({ ...note, subject: 'other' }, options)).rejects.toMatchObject({
    code: 'idempotency_mismatch',
  })
})

test('what the state does not allow is refused with its code, over both ways', async () => {
  for (const memory of [overTcp, overSocket]) {
    const before = await counts()
    const { closedScopeId, scopeId, finishedTrajectoryId, retractedNoteId, noteId } = known
    const turns = [{ role: 'user' as const, content: 'too late' }]
    const gone = '01890a5d-ac96-774b-bcce-b302099a8057'
    const refused: readonly [string, () => Promise<unknown>][] = [
      ['illegal_state', () => memory.turn.append({ scopeId: `${closedScopeId}`, turns })],
      ['illegal_state', () => memory.scope.close({ scopeId: `${closedScopeId}` })],
      ['illegal_state', () => memory.trajectory.finish({ trajectoryId: `${finishedTrajectoryId}`, status: 'failed' })],
      ['illegal_state', () => memory.scope.open({ trajectoryId: `${finishedTrajectoryId}`, name: 'late' })],
      ['illegal_state', () => memory.note.retract({ noteId: `${retractedNoteId}`, reason: 'again' })],
      ['illegal_state', () => memory.note.supersede({ noteId: `${retractedNoteId}`, content: 'again' })],
      ['version_conflict', () => memory.note.retract({ noteId: `${noteId}`, reason: 'x', version: 99 })],
      ['version_conflict', () => memory.scope.close({ scopeId: `${scopeId}`, version: 99 })],
      ['not_found', () => memory.turn.append({ scopeId: gone, turns })],
      ['not_found', () => memory.note.retract({ noteId: gone, reason: 'x' })],
      ['not_found', () => memory.artifact.get({ artifactId: `${known['artifactId']}`, revision: 7 })],
      ['not_found', () => memory.context.explain({ windowId: '0'.repeat(64) })],
      [
        'budget_too_small',
        () => memory.context.assemble({ query: 'x', system: 'Be brief. '.repeat(9), budgetTokens: 3 }),
      ],
    ]
    for (const [code, act] of refused) {
      await expect(act(), code).rejects.toMatchObject({ code, requestId: expect.any(String) })
    }
    expect(await counts()).toEqual(before)
  }
})

test('a put that contradicts the type of the first revision is refused, not quietly stored under the old one', async () => {
  const put = {
    trajectoryId: `${known['trajectoryId']}`,
    name: `${known['artifactName']}`,
    type: 'log',
    content: 'x',
  } as const
  await expect(overTcp.artifact.put(put)).rejects.toMatchObject({ code: 'conflict' })
})

test('a request that is too large is refused as that at the first try, not as a broken connection', async () => {
  const turns = Array.from({ length: 20 }, () => ({ role: 'user' as const, content: 'x'.repeat(1_000_000) }))
  const codes: unknown[] = []
  for (const fetch of [undefined, socketFetch(socketPath)]) {
    const memory = connect({ url, key, retries: 0, fetch })
    for (let i = 0; i < 8; i += 1) {
      const append = memory.turn.append({ scopeId: `${known['scopeId']}`, turns })
      codes.push(await append.catch((error: unknown) => (error instanceof CaliberError ? error.code : error)))
    }
  }
  expect(codes).toEqual(codes.map(() => 'too_large'))
})

test('a future atLeastSeq is the one 503: unavailable, retryable, with Retry-After', async () => {
  for (const target of ['/v1/memory/search', '/v1/contexts']) {
    const reply = await send('POST', target, JSON.stringify({ query: 'x', atLeastSeq: 2 ** 40 }))
    expect(reply).toMatchObject({ status: 503, error: { code: 'unavailable', retryable: true } })
    expect(reply.headers['retry-after']).toBeDefined()
    expect(reply.body).not.toMatch(leaks)
  }
})

describe('requests that must be refused', () => {
  test('every field of every operation, broken in every way its schema tells of: 4xx, and nothing written', async () => {
    const before = await counts()
    const requests = contract.flatMap((operation) => [...brokenRequests(operation)])
    const strange: string[] = []
    let largest = 0
    await inLanes(requests, async ({ name, method, target, body, isNulAllowed }) => {
      const reply = await send(method, target, body)
      largest = Math.max(largest, reply.body.length)
      const isRefused = reply.status >= 400 && reply.status < 500 && isError(reply)
      if (!isRefused && !(isNulAllowed && reply.status < 500)) strange.push(`${name}: ${shown(reply)}`)
      if (leaks.test(unquoted(reply.body)) && reply.status >= 400) strange.push(`${name} leaks: ${shown(reply)}`)
    })
    process.stdout.write(`${requests.length} broken requests, longest answer ${largest} characters\n`)
    expect(strange).toEqual([])
    expect(requests.length).toBeGreaterThan(700)
    expect(await counts()).toEqual(before)
  })

  test('strange values anywhere: never a 5xx, never a leak, and a refused one writes nothing', async () => {
    const random = seeded(seed)
    const strange: string[] = []
    let before = await counts()
    let accepted = 0
    const total = 1_000
    for (let i = 0; i < total; i += 1) {
      const operation = random.pick(contract)
      const fields = Object.keys(operation.input.properties ?? {})
      const input: Record<string, unknown> = { ...exampleOf(operation) }
      for (let n = random.below(3); n >= 0; n -= 1) {
        input[random.below(9) === 0 || fields.length === 0 ? 'colour' : random.pick(fields)] = strangeValue(random)
      }
      const { method, target, body } = requestOf(operation, input)
      const reply = await send(method, target, body)
      const name = `${operation.name} ${JSON.stringify(input).slice(0, 300)}`
      const isLate = reply.status === 503 && 'atLeastSeq' in input && reply.error?.['code'] === 'unavailable'
      if (reply.status >= 500 && !isLate) strange.push(`${name}: ${shown(reply)}`)
      if (reply.status >= 400 && (!isError(reply) || leaks.test(unquoted(reply.body))))
        strange.push(`${name}: ${shown(reply)}`)
      if (reply.status < 400) accepted += 1
      if (operation.effect !== 'write') continue
      // A refused write must leave the log where it was; an accepted one moves it.
      const headSeq = await head()
      if (reply.status >= 400 && headSeq !== before.headSeq) strange.push(`${name} wrote although refused`)
      before = { ...before, headSeq }
    }
    process.stdout.write(`seed ${seed}: ${total} strange requests, ${accepted} accepted\n`)
    expect(strange).toEqual([])
    expect(await overTcp.memory.verify()).toMatchObject({ ok: true, problems: [] })
  })

  test('requests that are no operation: 4xx with our error, whatever is wrong with them', async () => {
    const before = await counts()
    const note = JSON.stringify({ subject: 's', content: 'c' })
    const deep = `{"content":${'['.repeat(5_000)}${']'.repeat(5_000)}}`
    const cases: readonly [string, string, string | undefined, http.OutgoingHttpHeaders?][] = [
      ['POST', '/v1/notes', ''],
      ['POST', '/v1/notes', '{'],
      ['POST', '/v1/notes', 'null'],
      ['POST', '/v1/notes', '[]'],
      ['POST', '/v1/notes', '"text"'],
      ['POST', '/v1/notes', '{"subject":"s","content":"c","confidence":1e999}'],
      ['POST', '/v1/notes', '{"__proto__":{"x":1},"subject":"s","content":"c"}'],
      ['POST', '/v1/notes', deep],
      ['POST', '/v1/notes', '\u0000'],
      ['POST', '/v1/notes', note, { 'content-type': 'text/plain' }],
      ['POST', '/v1/notes', note, { 'content-type': 'application/x-www-form-urlencoded' }],
      ['POST', '/v1/notes', note, { 'content-encoding': 'gzip' }],
      ['POST', '/v1/notes', note, { 'idempotency-key': 'x'.repeat(201) }],
      ['POST', '/v1/notes', note, { 'idempotency-key': 'naïve' }],
      ['POST', '/v1/notes', note, { authorization: '' }],
      ['POST', '/v1/notes', note, { authorization: 'Bearer cal_x' }],
      ['POST', '/v1/notes', note, { authorization: `Bearer ${key}x` }],
      ['POST', '/v1/notes', note, { authorization: `Basic ${key}` }],
      ['POST', '/v1/notes', note, { host: 'evil.example' }],
      ['POST', '/v1/notes', note, { origin: 'https://evil.example' }],
      ['POST', '/v1/notes?subject=s', note],
      ['GET', '/v1/notes?limit=1&limit=2', undefined],
      ['GET', '/v1/notes?limit=%ff', undefined],
      ['GET', '/v1/notes?limit=%', undefined],
      ['GET', '/v1/notes?__proto__=1', undefined],
      ['GET', '/v1/notes?constructor=1', undefined],
      ['GET', `/v1/notes?subject=${'x'.repeat(9_000)}`, undefined],
      ['GET', '/v1/notes/%ff', undefined],
      ['GET', '/v1/notes/..%2f..%2fetc%2fpasswd', undefined],
      ['GET', `/v1/notes/${'a'.repeat(2_000)}`, undefined],
      ['GET', '/v1/notes/../../etc/passwd', undefined],
      ['GET', '/v1/nothing', undefined],
      ['GET', '/v2/notes', undefined],
      ['DELETE', '/v1/notes', undefined],
      ['PATCH', `/v1/notes/${String(known['noteId'])}`, '{}'],
      ['PUT', '/v1/notes', note],
      ['GET', '//', undefined],
    ]
    const strange: string[] = []
    for (const [method, target, body, headers] of cases) {
      const reply = await send(method, target, body, headers)
      const name = `${method} ${target.slice(0, 60)} ${body?.slice(0, 60) ?? ''} ${JSON.stringify(headers ?? {}).slice(0, 60)}`
      if (reply.status < 400 || reply.status >= 500 || !isError(reply)) strange.push(`${name}: ${shown(reply)}`)
      if (leaks.test(unquoted(reply.body))) strange.push(`${name} leaks: ${shown(reply)}`)
    }
    expect(strange).toEqual([])
    expect(await counts()).toEqual(before)
  })

  test('after all that the owner has nothing to say and ends in order', async () => {
    expect(await overTcp.server.health()).toMatchObject({ status: 'ok', database: 'ok' })
    agent.destroy()
    const { code, stderr } = await owner.end('SIGTERM')
    expect({ code, stderr: stderr.replaceAll(/^caliber: stopping\n/gm, '') }).toEqual({ code: 0, stderr: '' })
  })
})

/** What an answer must never hold: a stack, a path of this machine, SQL, or the name of a library. */
const leaks =
  /\bat .+:\d+:\d+|node_modules|packages\/caliber|\/tmp\/|file:\/\/|\bselect\b.+\bfrom\b|insert into|caliber\.(note|turn|scope|event)\b|zod|fastify|FST_ERR|pglite|SQLSTATE/i

interface Reply {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
  readonly error: Readonly<Record<string, unknown>> | undefined
}

interface Request {
  readonly name: string
  readonly method: string
  readonly target: string
  readonly body: string | undefined
  /** Transcripts come from elsewhere: such characters are replaced there, and counted. */
  readonly isNulAllowed: boolean
}

function* brokenRequests(operation: ContractOperation): Generator<Request> {
  const valid = exampleOf(operation)
  const { properties = {}, required = [] } = operation.input
  const inPath = new Set(operation.pathFields)
  const request = (name: string, input: Readonly<Record<string, unknown>>): Request => ({
    ...requestOf(operation, input),
    name: `${operation.name} ${name}`,
    isNulAllowed: operation.name === 'transcript.import' && /^text: (NUL|a lone surrogate)$/.test(name),
  })
  yield request('with a field nobody knows', { ...valid, colour: 'red' })
  for (const field of required.filter((each) => !inPath.has(each)))
    yield request(`without ${field}`, { ...valid, [field]: undefined })
  for (const [field, schema] of Object.entries(properties)) {
    for (const [way, value] of brokenValues(schema)) {
      if (!isTellable(operation, field, value, schema.type)) continue
      yield request(`${field}: ${way}`, { ...valid, [field]: value })
    }
  }
}

/** In a path or a query everything is text, so there a number for a text is no fault, and some texts cannot be sent. */
function isTellable({ method, pathFields }: ContractOperation, field: string, value: unknown, type: unknown): boolean {
  const isText = pathFields.includes(field) || method === 'GET'
  if (!isText) return true
  if (typeof value === 'string')
    return value.isWellFormed() && value.length < 8_000 && !(pathFields.includes(field) && value === '')
  return typeof value === 'number' && type !== 'string'
}

function requestOf({ method, path: pattern, pathFields }: ContractOperation, input: Readonly<Record<string, unknown>>) {
  const rest = new Map(Object.entries(input).filter(([, value]) => value !== undefined))
  let target = pattern
  for (const field of pathFields) {
    const value = rest.get(field)
    target = target.replace(`{${field}}`, () => encodeURIComponent(textOf(value).toWellFormed() || '-'))
    rest.delete(field)
  }
  if (method !== 'GET') return { method, target, body: JSON.stringify(Object.fromEntries(rest)) }
  const pairs = [...rest].map(
    ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(textOf(value).toWellFormed())}`,
  )
  return {
    method,
    target: pairs.length === 0 ? target : `${target}?${pairs.join('&')}`.slice(0, 8_000),
    body: undefined,
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}

/** The example of the contract, with ids of rows that are there: what one breaks is then the only fault. */
function exampleOf({ example }: ContractOperation): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(example).map(([field, value]) => [field, known[field] ?? value]))
}

/** One of each, and some that are closed, finished or retracted. */
async function furnish(memory: Client): Promise<Readonly<Record<string, unknown>>> {
  const { trajectoryId } = await memory.trajectory.start({ name: 'open' })
  const { scopeId } = await memory.scope.open({ trajectoryId, name: 'open' })
  const closed = await memory.scope.open({ trajectoryId, name: 'closed' })
  await memory.scope.close({ scopeId: closed.scopeId })
  const finished = await memory.trajectory.start({ name: 'finished' })
  await memory.trajectory.finish({ trajectoryId: finished.trajectoryId, status: 'completed' })
  await memory.turn.append({ scopeId, turns: [{ role: 'user', content: 'We deploy to Stockholm.' }] })
  const { noteId } = await memory.note.record({ subject: 'deploy', content: 'To Stockholm.' })
  const retracted = await memory.note.record({ subject: 'deploy', content: 'To Oslo.' })
  await memory.note.retract({ noteId: retracted.noteId, reason: 'misheard' })
  const artifactName = 'plan.md'
  const artifact = { trajectoryId, name: artifactName, type: 'plan', content: 'First the sweeper.' } as const
  const { artifactId } = await memory.artifact.put(artifact)
  const { windowId } = await memory.context.assemble({ query: 'deploy', budgetTokens: 200 })
  return {
    trajectoryId,
    scopeId,
    noteId,
    artifactId,
    windowId,
    artifactName,
    closedScopeId: closed.scopeId,
    finishedTrajectoryId: finished.trajectoryId,
    retractedNoteId: retracted.noteId,
  }
}

/** Whatever a write would change. */
async function counts() {
  const [headSeq, { ok, checked }, trajectories, scopes] = [
    await head(),
    await overTcp.memory.verify(),
    (await storedTrajectories(overTcp)).length,
    (await storedScopes(overTcp)).length,
  ]
  expect(ok).toBe(true)
  return { headSeq, checked, trajectories, scopes }
}

async function head(): Promise<number> {
  return (await overTcp.event.since({ after: 0, limit: 1 })).headSeq
}

/** As bytes on the wire: no client corrects the path, the method or the headers. */
function send(
  method: string,
  target: string,
  body: string | undefined,
  headers: http.OutgoingHttpHeaders = {},
): Promise<Reply> {
  const { hostname, port } = new URL(url)
  const bytes = body === undefined ? undefined : Buffer.from(body)
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        agent,
        hostname,
        port,
        method,
        path: target,
        headers: {
          authorization: `Bearer ${key}`,
          ...(bytes && { 'content-type': 'application/json', 'content-length': bytes.length }),
          ...headers,
        },
      },
      (response) => {
        const pieces: Buffer[] = []
        response.on('data', (piece: Buffer) => pieces.push(piece))
        response.on('end', () => {
          const text = Buffer.concat(pieces).toString()
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: text,
            error: errorIn(text),
          })
        })
      },
    )
    request.on('error', reject)
    request.end(bytes)
  })
}

function errorIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || !('error' in value)) return undefined
    return typeof value.error === 'object' && value.error !== null ? { ...value.error } : undefined
  } catch {
    return undefined
  }
}

function isError({ error, headers }: Reply): boolean {
  return (
    typeof error?.['code'] === 'string' &&
    typeof error['message'] === 'string' &&
    error['message'].length > 10 &&
    error['requestId'] === headers['x-request-id']
  )
}

/** Messages quote the caller's own words; those prove nothing. */
function unquoted(body: string): string {
  return body.replaceAll(/\\"(?:[^"\\]|\\[^"])*\\"/g, '""')
}

function shown({ status, body }: Reply): string {
  return `${status} ${body.slice(0, 300)}`
}

async function inLanes<Item>(items: readonly Item[], act: (item: Item) => Promise<void>): Promise<void> {
  const left = items.values()
  const lane = async () => {
    for (const item of left) await act(item)
  }
  await Promise.all(Array.from({ length: 4 }, lane))
}
