/** What a sweep deletes, and above all what it leaves alone. */
import { randomUUID } from 'node:crypto'
import { v7 } from 'uuid'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { Derivations } from '../derive/summaries/derivations.ts'
import type { Source } from '../derive/summaries/summaryTree.ts'
import { textDigest } from '../derive/textDigest.ts'
import { Meter } from '../derive/use/meter.ts'
import { CaliberError } from '../domain/errors.ts'
import { limits } from '../domain/limits.ts'
import { operatorOf } from '../domain/tenant.ts'
import type { Embedder } from '../models/embedder.ts'
import { hashVector } from '../models/testing/hashVector.ts'
import type { ModelsInUse } from './sweep/derived.ts'
import { sweepTenant, sweepTenants } from './sweep/sweepTenants.ts'
import { type TestCaliber, type TestTenant, testCaliber } from './testing/tenant.ts'

const embedder: Embedder = {
  model: 'words',
  dimensions: 8,
  embed: async (texts) => texts.map((text) => hashVector(text, 8)),
}
const inUse: ModelsInUse = { embeddings: ['words/8'], summary: 'small' }

let caliber: TestCaliber
beforeAll(async () => {
  caliber = await testCaliber({ embedder })
})
afterAll(() => caliber.close())

test('a sweep deletes what has outlived its time, says so in the log, and otherwise says nothing', async () => {
  const tenant = await caliber.tenant()
  await tenant.call('note.record', { subject: 's', content: 'c' }, 'key-1')
  const { windowId } = await tenant.call<{ windowId: string }>('context.assemble', { query: 's' })
  await expect.poll(() => caliber.admin`select 1 from caliber.context_window`).toHaveLength(1)
  expect(await sweep(tenant)).toBe(0)

  await caliber.admin`update caliber.idempotency set expires_at = now() - interval '1 second'`
  await caliber.admin`update caliber.context_window set created_at = now() - make_interval(days => ${limits.windowRetentionDays + 1})`
  expect(await sweep(tenant)).toBe(2)
  const { items } = await tenant.call<{ items: { kind: string; data: unknown }[] }>('event.since', {})
  expect(items.at(-1)).toMatchObject({ kind: 'sweep.ran', data: { answers: 1, windows: 1 } })
  await expect(tenant.call('context.explain', { windowId })).rejects.toMatchObject({ code: 'not_found' })
})

test('of more windows than are kept the oldest go, a batch at a time, and a sweep that is stopped ends after one', async () => {
  const own = await caliber.tenant()
  const tooMany = limits.rowsPerSweep + 5
  await caliber.admin`
    insert into caliber.context_window (tenant_id, id, record, created_at)
    select ${own.tenantId}, lpad(to_hex(i), 64, '0'), '\\x', now() - make_interval(secs => i)
    from generate_series(1, ${limits.windowsKept + tooMany}) as i`
  const stopping = new AbortController()
  const sessions: typeof caliber.sessions = {
    ...caliber.sessions,
    async run(claims, work, options) {
      const answer = await caliber.sessions.run(claims, work, options)
      if (answer === limits.rowsPerSweep) stopping.abort()
      return answer
    },
  }
  expect(await sweepTenant(sessions, own.tenantId, { models: {}, signal: stopping.signal, newId: v7 })).toBe(
    limits.rowsPerSweep,
  )
  expect(await sweep(own)).toBe(5)
})

test('the vector of a text that has ended goes when no window can ask for it any more; one that something live shares stays', async () => {
  const tenant = await caliber.tenant()
  const note = (content: string) => tenant.call<{ noteId: string }>('note.record', { subject: 's', content })
  const wrong = await note('said in error')
  const doubled = await note('said twice')
  await tenant.call('note.record', { type: 'decision', subject: 's', content: 'said twice' })
  const { trajectoryId } = await tenant.call<{ trajectoryId: string }>('trajectory.start', { name: 't' })
  const plan = { trajectoryId, type: 'plan', name: 'p' }
  await tenant.call('artifact.put', { ...plan, content: 'the first draft' })
  await embedded(tenant)
  await tenant.call('artifact.put', { ...plan, content: 'the second draft', revision: 1 })
  for (const { noteId } of [wrong, doubled]) await tenant.call('note.retract', { noteId, reason: 'wrong' })
  await embedded(tenant)
  expect(await vectors(tenant)).toBe(4)
  expect(await sweep(tenant)).toBe(0)
  await age(tenant, limits.derivedGraceDays - 1)
  expect(await sweep(tenant)).toBe(0)
  await age(tenant, 2)
  expect(await sweep(tenant)).toBe(2)
  expect(await vectors(tenant)).toBe(2)
})

test('what a model made goes when no process has used the model for long, and stays while one does', async () => {
  const tenant = await caliber.tenant()
  await tenant.call('note.record', { subject: 's', content: 'a fact' })
  await embedded(tenant)
  await made(tenant, { model: 'small' })
  // A process without models comes first: what it finds is taken for new.
  expect(await sweep(tenant, {})).toBe(0)
  await age(tenant, limits.derivedGraceDays + 1)
  expect(await sweep(tenant, inUse)).toBe(0)
  expect(await sweep(tenant, {})).toBe(0)
  await age(tenant, limits.derivedGraceDays + 1)
  expect(await sweep(tenant, { embeddings: ['words/9'] })).toBe(2)
  expect([await vectors(tenant), await summaries(tenant)]).toEqual([0, 0])
})

test('a summary goes with what it was made of set aside for long, or claimed and never made; not before what was made of it', async () => {
  const tenant = await caliber.tenant()
  const { noteId } = await tenant.call<{ noteId: string }>('note.record', { subject: 's', content: 'forged' })
  const leaf = await made(tenant, { model: 'small', sources: [{ id: noteId }] })
  const top = await made(tenant, { model: 'small', sources: [{ id: leaf, action: textDigest('how') }] })
  const other = await made(tenant, { model: 'small' })
  await made(tenant, { model: 'small', fails: true })
  await tenant.call('memory.revoke', { itemId: noteId, reason: 'forged' })
  await age(tenant, limits.derivedGraceDays + 1)
  await made(tenant, { model: 'small', fails: true })
  await caliber.admin`update caliber.derivation set made_at = now() where id = ${top}`
  expect(await sweep(tenant)).toBe(1)
  expect(await summaries(tenant)).toBe(4)
  await age(tenant, 1 / 24)
  await caliber.admin`update caliber.derivation set made_at = made_at - interval '40 days' where id = ${top}`
  expect(await sweep(tenant)).toBe(2)
  expect(
    await caliber.admin`select id from caliber.derivation where tenant_id = ${tenant.tenantId} and status = 'ready'`,
  ).toEqual([{ id: other }])
  expect(await caliber.admin`select 1 from caliber.lineage where tenant_id = ${tenant.tenantId}`).toEqual([])
})

test('a summary that was made for a window goes when no window of its time is kept any more', async () => {
  const tenant = await caliber.tenant()
  await made(tenant, { model: 'small' })
  await made(tenant, { model: 'small', kind: 'window' })
  await age(tenant, limits.windowRetentionDays - 1)
  expect(await sweep(tenant)).toBe(0)
  await age(tenant, 2)
  expect(await sweep(tenant)).toBe(1)
  expect(await summaries(tenant)).toBe(1)
})

test('a tenant whose sweep fails is told of, and the others are swept all the same', async () => {
  const [broken, fine] = [await caliber.tenant(), await caliber.tenant()]
  for (const { tenantId } of [broken, fine]) {
    await caliber.admin`
      insert into caliber.context_window (tenant_id, id, record, created_at)
      values (${tenantId}, repeat('0', 64), '\\x', '2020-01-01')`
  }
  const failing: typeof caliber.sessions = {
    ...caliber.sessions,
    async run(claims, work, options) {
      if (claims.tenantId === broken.tenantId) throw new CaliberError('timeout', 'Too slow.')
      return caliber.sessions.run(claims, work, options)
    },
  }
  const failed: unknown[] = []
  const operator = { tenantId: fine.tenantId, principalId: operatorOf(fine.tenantId) }
  const options = { models: {}, signal: new AbortController().signal, newId: v7 }
  await sweepTenants(failing, operator, options, (error, tenantId) => void failed.push([tenantId, error]))
  expect(failed).toEqual([[broken.tenantId, expect.objectContaining({ code: 'timeout' })]])
  const left = await caliber.admin`
    select tenant_id as "tenantId" from caliber.context_window where created_at = '2020-01-01'`
  expect(left).toEqual([{ tenantId: broken.tenantId }])
})

function sweep({ tenantId }: TestTenant, models = inUse): Promise<number> {
  return sweepTenant(caliber.sessions, tenantId, { models, signal: new AbortController().signal, newId: v7 })
}

/** Let time pass for what a tenant keeps. */
async function age({ tenantId }: TestTenant, days: number): Promise<void> {
  await caliber.admin.unsafe(
    [
      ['embedding', 'created_at'],
      ['note', 'ended_at'],
      ['artifact_revision', 'created_at'],
      ['derivation', 'made_at'],
      ['derivation', 'leased_until'],
      ['distrust', 'revoked_at'],
      ['model_use', 'used_at'],
    ]
      .map(
        ([table, column]) => `
          update caliber.${table} set ${column} = ${column} - make_interval(secs => ${days * 86_400})
          where tenant_id = '${tenantId}'`,
      )
      .join(';'),
  )
}

/** Keep a summary, or claim one that is never made. @returns its id */
async function made(
  { tenantId }: TestTenant,
  {
    model,
    sources = [],
    fails = false,
    kind = 'summary',
  }: { model: string; sources?: readonly Source[]; fails?: boolean; kind?: 'summary' | 'window' },
): Promise<string> {
  const { signal } = new AbortController()
  const derivation = { id: randomUUID(), kind, regionId: tenantId, action: textDigest('how'), model, sources, signal }
  const summary = { answer: { text: 'in short', inputTokens: 0, outputTokens: 0 }, use: undefined }
  await new Derivations(caliber.sessions, new Meter(caliber.sessions, { now: () => new Date() }))
    .obtain(tenantId, derivation, () => (fails ? Promise.reject(new Error('away')) : Promise.resolve(summary)))
    .catch(() => undefined)
  return derivation.id
}

async function embedded(tenant: TestTenant): Promise<void> {
  await vi.waitFor(async () =>
    expect(await tenant.call('memory.search', { query: 's' })).toMatchObject({ semantic: 'full' }),
  )
}

const vectors = ({ tenantId }: TestTenant) =>
  count(caliber.admin`select 1 from caliber.embedding where tenant_id = ${tenantId}`)
const summaries = ({ tenantId }: TestTenant) =>
  count(caliber.admin`select 1 from caliber.derivation where tenant_id = ${tenantId}`)

async function count(rows: PromiseLike<readonly unknown[]>): Promise<number> {
  return (await rows).length
}
