/** What models are asked for a tenant, over a real database and models behind real local servers: counted once, kept, and bounded. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { Embeddings } from '../derive/embeddings/embeddings.ts'
import { openVectorStore } from '../derive/embeddings/vectorStore.ts'
import { Memories } from '../derive/memories.ts'
import { Derivations } from '../derive/summaries/derivations.ts'
import { Meter } from '../derive/use/meter.ts'
import { CaliberError } from '../domain/errors.ts'
import { limits } from '../domain/limits.ts'
import type { ModelUse } from '../domain/modelUse.ts'
import type { Principal } from '../domain/principal.ts'
import { createRuntime, type Runtime } from '../local/runtime.ts'
import type { Embedder } from '../models/embedder.ts'
import { extractiveSummariser } from '../models/extractiveSummariser.ts'
import { openAiEmbedder } from '../models/openAiEmbedder.ts'
import { openAiSummariser } from '../models/openAiSummariser.ts'
import { type ChatServer, chatServer, completion } from '../models/testing/chatServer.ts'
import { type EmbeddingServer, embeddingServer, wireOf } from '../models/testing/embeddingServer.ts'
import { hashVector } from '../models/testing/hashVector.ts'
import { openO200k } from '../models/tokenizer.ts'
import { sweepUsage } from './sweep/expired.ts'
import { callsAs, type TestCaliber, type TestPrincipal, type TestTenant, testCaliber } from './testing/tenant.ts'

interface Usage {
  readonly days: readonly (ModelUse & { readonly day: string })[]
  readonly today: { limitTokens: number | null; usedTokens: number; remainingTokens: number | null; endsAt: string }
}

const dimensions = 8
/** Longer than a look at the day is taken for new. */
const laterMs = 6_000
let vectors: EmbeddingServer
let chats: ChatServer
let caliber: TestCaliber
/** How far the clock is ahead. */
let aheadMs = 0
const now = () => new Date(Date.now() + aheadMs)
const patiently = { model: 'small', sleep: async () => {} }
const models = () => ({
  embedder: openAiEmbedder({ ...patiently, baseUrl: vectors.baseUrl, dimensions }),
  summariser: openAiSummariser({ ...patiently, baseUrl: chats.baseUrl }),
})
beforeAll(async () => {
  vectors = await embeddingServer(dimensions)
  chats = await chatServer()
  caliber = await testCaliber({ ...models(), now })
})
beforeEach(() => {
  vectors.requests.length = 0
  chats.requests.length = 0
})
afterAll(async () => {
  await caliber.close()
  await vectors.close()
  await chats.close()
})

test('vectors, questions and summaries are counted as the provider counts them, and a restart adds nothing', async () => {
  const tenant = await caliber.tenant()
  const scopeId = await talk(tenant)
  await searched(tenant, 'two words')
  await tenant.call('scope.summary', { scopeId })
  const texts = vectors.requests.flatMap((request) => request.texts).filter((text) => text !== 'two words')
  const counted = [
    { kind: 'embedding', model: 'small/8', inputTokens: wordsIn(texts), outputTokens: 0 },
    { kind: 'question', model: 'small/8', calls: 1, inputTokens: 2, outputTokens: 0 },
    { kind: 'summary', model: 'small/prompt 1', calls: 1, inputTokens: 11, outputTokens: 7 },
  ]
  await vi.waitFor(async () => expect((await usage(tenant)).days).toMatchObject(counted), 10_000)
  const before = await usage(tenant)
  const usedTokens = wordsIn(texts) + 2 + 18
  expect(before.today).toMatchObject({ limitTokens: null, remainingTokens: null, usedTokens })
  await restarted(async (again) => {
    await searched(callsAs({ ...tenant, rights: ['read'] }, again), 'two words')
    await callsAs({ ...tenant, rights: ['read'] }, again).call('scope.summary', { scopeId })
  })
  // Its question was asked anew, and stored as it closed.
  const after = await usage(tenant)
  expect(after.today.usedTokens).toBe(usedTokens + 2)
  expect(after.days.filter(({ kind }) => kind !== 'question')).toEqual(
    before.days.filter(({ kind }) => kind !== 'question'),
  )
})

test('what has to be asked again is counted once; what was of no use and has its price as well is counted, what failed without one is not', async () => {
  const tenant = await caliber.tenant()
  vectors.fail(
    (response) => void response.writeHead(429, { 'retry-after': '0' }).end(),
    (response, answer) => {
      const text = wireOf(answer)
      response.writeHead(200, { 'content-length': text.length })
      response.write(text.slice(0, -20), () => response.destroy())
    },
  )
  await tenant.call('note.record', { subject: 'a', content: 'heron' })
  await tenant.call('memory.search', { query: '…' })
  await expect.poll(() => kept(tenant)).toBe(1)
  expect(await counted(tenant, 'embedding')).toMatchObject({ calls: 1, inputTokens: 2 })

  const scopeId = await talk(tenant)
  chats.fail(
    (response) => void response.writeHead(200).end(completion(' ')),
    (response) => void response.writeHead(200).end('{"choices":[{"mess'),
  )
  await tenant.call('scope.summary', { scopeId })
  await vi.waitFor(async () => expect(await counted(tenant, 'summary')).toMatchObject({ calls: 2 }), 10_000)

  const failing = await caliber.tenant()
  const failed = await talk(failing)
  chats.fail((response) => void response.writeHead(401).end())
  await expect(failing.call('scope.summary', { scopeId: failed })).rejects.toMatchObject({ code: 'unavailable' })
  chats.fail(
    ...Array.from({ length: 4 }, () => (response: { end(text: string): void }) => response.end(completion(''))),
  )
  await expect(failing.call('scope.summary', { scopeId: failed })).rejects.toMatchObject({ code: 'unavailable' })
  await vi.waitFor(
    async () =>
      expect(await counted(failing, 'summary')).toMatchObject({ calls: 4, inputTokens: 44, outputTokens: 28 }),
    10_000,
  )
})

test('where a provider says nothing our own tokenizer counts, and a local model costs nothing', async () => {
  const { count } = openO200k()
  const silent: Embedder = { model: 'silent', dimensions, embed: async (texts) => texts.map(vectorOf) }
  const summariser = {
    name: 'silent',
    isLocal: false,
    summarise: async () => ({ text: 'in short', inputTokens: 0, outputTokens: 0 }),
  }
  for (const isLocal of [false, true]) {
    const runtime = await createRuntime(caliber.sessions, { embedder: { ...silent, isLocal }, summariser })
    const tenant = await caliber.tenant()
    await tenant.call('note.record', { subject: 'one', content: 'herons wade at low tide' })
    await searched(callsAs({ ...tenant, rights: ['read'] }, runtime), 'low tide')
    await runtime.close()
    const { days } = await usage(tenant)
    expect(days.map(({ kind, inputTokens }) => [kind, inputTokens])).toEqual(
      isLocal
        ? []
        : [
            ['embedding', count('one: herons wade at low tide')],
            ['question', count('low tide')],
          ],
    )
  }
  const runtime = await createRuntime(caliber.sessions, { summariser })
  const tenant = await caliber.tenant()
  const scopeId = await talk(tenant)
  await callsAs({ ...tenant, rights: ['read'] }, runtime).call('scope.summary', { scopeId })
  await runtime.close()
  expect(await counted(tenant, 'summary')).toMatchObject({ calls: 1, outputTokens: count('in short') })
})

test('at its limit a tenant is served by what is kept and by words, another tenant as ever, until the day ends', async () => {
  const [tenant, other] = [await caliber.tenant(), await caliber.tenant()]
  const scopeId = await talk(tenant)
  const { text } = await tenant.call<{ text: string }>('scope.summary', { scopeId })
  await searched(tenant, 'herring')
  await vi.waitFor(async () => expect(await counted(tenant, 'question')).toBeDefined(), 10_000)
  const { usedTokens } = (await usage(tenant)).today
  await tenant.call('tenant.limit', { tenantId: tenant.tenantId, modelTokensPerDay: usedTokens })
  expect(await tenant.call('tenant.get', {})).toMatchObject({ modelTokensPerDay: usedTokens, maxItems: null })
  expect((await usage(tenant)).today).toMatchObject({ usedTokens, remainingTokens: 0 })
  aheadMs += laterMs
  vectors.requests.length = 0
  chats.requests.length = 0

  const late = await talk(tenant, 'late')
  expect(await tenant.call('memory.search', { query: 'herring' })).toMatchObject({ semantic: 'partial' })
  const byWords = await tenant.call<{ items: object[] }>('memory.search', { query: 'late harbour' })
  expect(byWords).toMatchObject({ semantic: 'off', items: [{ signals: { lexical: expect.any(Number) } }, {}] })
  expect(await tenant.call('scope.summary', { scopeId })).toMatchObject({ text })
  const { endsAt } = (await usage(tenant)).today
  expect(Date.parse(endsAt)).toBeGreaterThan(Date.now())
  const refused = tenant.call('scope.summary', { scopeId: late })
  await expect(refused).rejects.toMatchObject({
    code: 'quota_exceeded',
    message: expect.stringContaining(endsAt),
    detail: { limitTokens: usedTokens, usedTokens, endsAt },
  })
  await restarted(async (again) => {
    const same = callsAs({ ...tenant, rights: ['read'] }, again)
    expect(await same.call('memory.search', { query: 'herring' })).toMatchObject({ semantic: 'off' })
    expect(await same.call('scope.summary', { scopeId })).toMatchObject({ text })
    await expect(same.call('scope.summary', { scopeId: late })).rejects.toMatchObject({ code: 'quota_exceeded' })
    await vi.waitFor(async () => expect(await vectorsHeld(same)).toEqual([1, 2]))
  })
  expect([vectors.requests, chats.requests]).toEqual([[], []])
  await talk(other)
  await searched(other, 'herring again')

  await caliber.admin`update caliber.usage set day = day - 1 where tenant_id = ${tenant.tenantId}`
  aheadMs += laterMs
  expect((await usage(tenant)).today).toMatchObject({ usedTokens: 0, remainingTokens: usedTokens })
  expect(await tenant.call('scope.summary', { scopeId: late })).toMatchObject({ text: expect.any(String) })
  await restarted((again) => searched(callsAs({ ...tenant, rights: ['read'] }, again), 'herring'))
})

test('negative control: a process that does not see the limit goes beyond it', async () => {
  const tenant = await caliber.tenant()
  await tenant.call('tenant.limit', { tenantId: tenant.tenantId, modelTokensPerDay: 0 })
  const blind: typeof caliber.sessions = {
    ...caliber.sessions,
    async run(claims, work, options) {
      const answer = await caliber.sessions.run(claims, work, options)
      const isToday = typeof answer === 'object' && answer !== null && 'limitTokens' in answer
      return isToday ? { ...answer, limitTokens: null } : answer
    },
  }
  await tenant.call('note.record', { subject: 'a', content: 'heron' })
  await restarted(async (again) => {
    await callsAs({ ...tenant, rights: ['read'] }, again).call('memory.search', { query: 'heron' })
  })
  expect((await usage(tenant)).today).toMatchObject({ usedTokens: 0, remainingTokens: 0 })
  const runtime = await createRuntime(blind, models())
  await searched(callsAs({ ...tenant, rights: ['read'] }, runtime), 'heron')
  await runtime.close()
  expect((await usage(tenant)).today.usedTokens).toBeGreaterThan(0)
})

test('what waits for the next day is tried again without hammering, and what is kept is served meanwhile', async () => {
  const tenant = await caliber.tenant()
  await tenant.call('note.record', { subject: 'kept', content: 'heron' })
  await searched(tenant, 'heron')
  const before = await kept(tenant)
  const { tenantId } = tenant
  const principal: Principal = { ...tenant, rights: ['read'] }
  const limit = (modelTokensPerDay: number) => tenant.call('tenant.limit', { tenantId, modelTokensPerDay })
  await limit(1)
  aheadMs += laterMs
  // More than are taken at once, all of them before the one whose vector is kept.
  const contents = Array.from({ length: 130 }, (_, i) => ({ role: 'user', content: `turn ${i} of many` }))
  const { trajectoryId } = await tenant.call<{ trajectoryId: string }>('trajectory.start', { name: 't' })
  const { scopeId } = await tenant.call<{ scopeId: string }>('scope.open', { trajectoryId, name: 's' })
  await tenant.call('turn.append', { scopeId, turns: contents })
  await tenant.call('note.record', { type: 'decision', subject: 'kept', content: 'heron' })
  vectors.requests.length = 0

  const waitsMs: number[] = []
  let wake = () => {}
  const countTokens = (text: string) => text.length
  const meter = new Meter(caliber.sessions, { now })
  const embeddings = new Embeddings(models().embedder, openVectorStore(caliber.sessions, 'small', dimensions), {
    meter,
    countTokens,
    wait: (ms) => {
      waitsMs.push(ms)
      return new Promise((resolve) => {
        wake = resolve
      })
    },
  })
  const memories = new Memories(caliber.sessions, {
    maxBytes: 2 ** 30,
    pollMs: 0,
    validation: 'on_mutation',
    embeddings: [embeddings],
    summaries: {
      summariser: extractiveSummariser(countTokens),
      derivations: new Derivations(caliber.sessions, meter),
      meter,
      tokenizer: openO200k(),
    },
    now,
  })
  const done = async () => (await memories.at(principal)).embedded().models[0]?.done
  await memories.at(principal)
  await expect.poll(() => waitsMs.length).toBe(1)
  expect(waitsMs[0]).toBeGreaterThanOrEqual(5_000)
  expect(waitsMs[0]).toBeLessThanOrEqual(300_000)
  expect(await done()).toBe(2)
  wake()
  await expect.poll(() => waitsMs.length).toBe(2)
  expect(await done()).toBe(2)
  expect(vectors.requests).toEqual([])
  await limit(100_000)
  aheadMs += laterMs
  wake()
  await expect.poll(done).toBe(132)
  expect(await kept(tenant)).toBe(before + 130)
  await embeddings.close()
  await meter.close()
})

test('a summary that may not be made anew at the limit takes no older one away', async () => {
  const tenant = await caliber.tenant()
  const scopeId = await talk(tenant)
  const { turns } = await tenant.call<{ turns: { turnId: string }[] }>('turn.append', {
    scopeId,
    turns: [{ role: 'user', content: 'One more turn, which somebody forged.' }],
  })
  const { text } = await tenant.call<{ text: string }>('scope.summary', { scopeId })
  await tenant.call('tenant.limit', { tenantId: tenant.tenantId, modelTokensPerDay: 0 })
  aheadMs += laterMs
  const itemId = turns[0]?.turnId
  const { distrustId } = await tenant.call<{ distrustId: string }>('memory.revoke', { itemId, reason: 'forged' })
  await expect(tenant.call('scope.summary', { scopeId })).rejects.toMatchObject({ code: 'quota_exceeded' })
  await tenant.call('memory.restore', { distrustId })
  expect(await tenant.call('scope.summary', { scopeId })).toMatchObject({ text })
})

test('no model is asked while the use of a thousand tenants cannot be stored; what the database will never take is let go', async () => {
  const { tenantId } = await caliber.tenant()
  let isFull = true
  const full = new CaliberError('storage_full', 'The disk is full.')
  const sessions: typeof caliber.sessions = {
    ...caliber.sessions,
    run: (claims, work, options) =>
      isFull && options?.readOnly !== true ? Promise.reject(full) : caliber.sessions.run(claims, work, options),
  }
  const untilClosed = (_: number, signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve())
    })
  const meter = new Meter(sessions, { now, wait: untilClosed })
  const kind = 'question'
  let asked = 0
  const question = {
    kind,
    model: 'm',
    isLocal: false,
    estimate: () => ({ inputTokens: 1, outputTokens: 0 }),
    ask: async () => {
      asked += 1
    },
  } as const
  for (let i = 0; i < 1_000; i += 1) {
    meter.countBehind(randomUUID(), { kind, model: 'm', calls: 1, inputTokens: 1, outputTokens: 0 })
  }
  await expect(meter.ask(tenantId, question)).rejects.toMatchObject({ code: 'unavailable' })
  expect(asked).toBe(0)
  isFull = false
  // There are no such tenants.
  const { use } = await meter.ask(tenantId, question)
  expect(asked).toBe(1)
  meter.countBehind(tenantId, use)
  await meter.close()
  expect(await caliber.admin`select calls::int from caliber.usage where tenant_id = ${tenantId}`).toEqual([
    { calls: 1 },
  ])
})

test('what was computed for items that are forgotten meanwhile is not kept, and was paid for', async () => {
  const tenant = await caliber.tenant()
  const { noteId } = await tenant.call<{ noteId: string }>('note.record', { subject: 'a', content: 'wrong heron' })
  let release = () => {}
  vectors.hold(
    /wrong heron/,
    new Promise((resolve) => {
      release = resolve
    }),
  )
  await tenant.call('memory.search', { query: '…' })
  await expect.poll(() => vectors.requests.length).toBeGreaterThan(1)
  await tenant.call('memory.forget', { items: [noteId], reason: 'asked for' })
  release()
  await vi.waitFor(
    async () => expect(await counted(tenant, 'embedding')).toMatchObject({ calls: 1, inputTokens: 3 }),
    10_000,
  )
  expect(await kept(tenant)).toBe(0)
})

test('a sweep takes what was used long ago, and days are shown as they are asked for', async () => {
  const tenant = await caliber.tenant()
  const { tenantId } = tenant
  for (const days of [0, 1, 29, 30, limits.usageRetentionDays, limits.usageRetentionDays + 1]) {
    await caliber.admin`
      insert into caliber.usage (tenant_id, day, kind, model, calls, input_tokens, output_tokens)
      values (${tenantId}, (now() at time zone 'UTC')::date - ${days}::integer, 'summary', 'm', 1, ${days}, 1)`
  }
  const shown = async (range: object = {}) => (await usage(tenant, range)).days.map(({ inputTokens }) => inputTokens)
  const dayOf = async (inputTokens: number) => {
    const [row] = await caliber.admin<{ day: string }[]>`
      select day::text from caliber.usage where tenant_id = ${tenantId} and input_tokens = ${inputTokens}`
    return row?.day
  }
  expect(await shown()).toEqual([29, 1, 0])
  expect(await shown({ from: await dayOf(30) })).toEqual([30, 29, 1, 0])
  expect(await shown({ until: await dayOf(1) })).toEqual([30, 29, 1])
  expect(await shown({ from: await dayOf(401), until: await dayOf(30) })).toEqual([401, 400, 30])
  expect(await shown({ from: await dayOf(0), until: await dayOf(30) })).toEqual([])
  const claims = { tenantId, principalId: tenantId, reach: 'all' } as const
  expect(await caliber.sessions.run(claims, sweepUsage)).toBe(1)
  expect(await caliber.sessions.run(claims, sweepUsage)).toBe(0)
  expect(await shown({ from: '0001-01-02' })).toEqual([400, 30, 29, 1, 0])
})

test('what is given as a tenant is created holds at once, and what is left out stays as it was', async () => {
  const admin = await caliber.tenant()
  const { tenant } = await admin.call<{ tenant: { tenantId: string } }>('tenant.create', {
    name: 'Acme',
    modelTokensPerDay: 1_000,
  })
  expect(tenant).toMatchObject({ modelTokensPerDay: 1_000, maxItems: null })
  const limited = (limit: object) => admin.call('tenant.limit', { tenantId: tenant.tenantId, ...limit })
  expect(await limited({ maxItems: 5 })).toMatchObject({ modelTokensPerDay: 1_000, maxItems: 5 })
  expect(await limited({ modelTokensPerDay: null })).toMatchObject({ modelTokensPerDay: null, maxItems: 5 })
  await expect(admin.call('tenant.usage', { tenantId: admin.principalId })).rejects.toMatchObject({ code: 'not_found' })
})

/** Another process over the same database. */
async function restarted(work: (again: Runtime) => Promise<unknown>): Promise<void> {
  const again = await createRuntime(caliber.sessions, { ...models(), now })
  try {
    await work(again)
  } finally {
    await again.close()
  }
}

/** A scope of one turn that is too long to stand for its summary. */
async function talk(tenant: TestTenant, about = 'herring'): Promise<string> {
  const { trajectoryId } = await tenant.call<{ trajectoryId: string }>('trajectory.start', { name: 't' })
  const { scopeId } = await tenant.call<{ scopeId: string }>('scope.open', { trajectoryId, name: 's' })
  const content = Array.from({ length: 20 }, (_, i) => `Boat ${i} brings ${about} to harbour ${i} at dawn.`).join(' ')
  await tenant.call('turn.append', { scopeId, turns: [{ role: 'user', content }] })
  return scopeId
}

/** Search once every item has its vector. */
async function searched(tenant: TestPrincipal, query: string): Promise<void> {
  await vi.waitFor(
    async () => expect(await tenant.call('memory.search', { query })).toMatchObject({ semantic: 'full' }),
    10_000,
  )
}

function usage({ tenantId, call }: TestTenant, range: object = {}): Promise<Usage> {
  return call<Usage>('tenant.usage', { tenantId, ...range })
}

async function counted(tenant: TestTenant, kind: string): Promise<ModelUse | undefined> {
  return (await usage(tenant)).days.find((use) => use.kind === kind)
}

async function kept({ tenantId }: TestTenant): Promise<number> {
  return (await caliber.admin`select 1 from caliber.embedding where tenant_id = ${tenantId}`).length
}

/** How many items of a memory have their vector, and how many items it has. */
async function vectorsHeld(tenant: TestPrincipal): Promise<readonly unknown[]> {
  const status = await tenant.call<{ items: number; models: readonly { done: number }[] }>('memory.status', {})
  return [status.models[0]?.done, status.items]
}

const vectorOf = (text: string) => hashVector(text, dimensions)
const wordsIn = (texts: readonly string[]) => texts.reduce((sum, text) => sum + text.split(/\s+/).length, 0)
