/** Notes and artifacts: immutable content, revisions, superseding and retracting. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestCaliber, type TestTenant, testCaliber } from './testing/tenant.ts'

let caliber: TestCaliber
let tenant: TestTenant
let trajectoryId: string

beforeAll(async () => {
  caliber = await testCaliber()
  tenant = await caliber.tenant()
  trajectoryId = (await tenant.call<{ trajectoryId: string }>('trajectory.start', { name: 'work' })).trajectoryId
})
afterAll(() => caliber.close())

test('artifact content is stored once per revision, with the digest of its octets', async () => {
  const content = 'région Å → "stockholm"\n\\x'
  const first = await put('plan.md', content)
  expect(first).toMatchObject({ revision: 1, latestRevision: 1, content })
  expect(first['digest']).toBe(createHash('sha256').update(content).digest('hex'))
  expect(await put('plan.md', content)).toMatchObject({ revision: 1 })
  expect(await put('plan.md', 'changed')).toMatchObject({ revision: 2, artifactId: first['artifactId'] })

  const artifactId = first['artifactId']
  expect(await tenant.call('artifact.get', { artifactId, revision: 1 })).toMatchObject({ content, latestRevision: 2 })
  const history = await tenant.call<{ items: Record<string, unknown>[] }>('artifact.history', { artifactId })
  expect(history.items.map((item) => item['revision'])).toEqual([2, 1])
  expect(history.items[0]).not.toHaveProperty('content')
  await expect(tenant.call('artifact.get', { artifactId, revision: 3 })).rejects.toMatchObject({ code: 'not_found' })
})

test('puts of one name at the same time become successive revisions', async () => {
  await Promise.all(Array.from({ length: 8 }, (_, i) => put('race.md', `version ${i}`)))
  const { artifactId } = (await put('race.md', 'last')) as { artifactId: string }
  const { items } = await tenant.call<{ items: { revision: number }[] }>('artifact.history', { artifactId })
  expect(items.map(({ revision }) => revision)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1])
})

test('superseding keeps what is not said anew and leaves the old note readable', async () => {
  const old = await record({
    type: 'preference',
    subject: 'indentation',
    content: 'tabs',
    pinned: true,
    confidence: 0.8,
  })
  const { note, superseded } = await tenant.call<{
    note: Record<string, unknown>
    superseded: Record<string, unknown>
  }>('note.supersede', { noteId: old['noteId'], content: 'two spaces', reason: 'the review tool' })
  expect(note).toMatchObject({
    type: 'preference',
    subject: 'indentation',
    pinned: true,
    confidence: 0.8,
    status: 'live',
  })
  expect(superseded).toMatchObject({ status: 'superseded', supersededBy: note['noteId'], reason: 'the review tool' })
  expect(await tenant.call('note.get', { noteId: old['noteId'] })).toMatchObject({ content: 'tabs' })
  await expect(tenant.call('note.supersede', { noteId: old['noteId'], content: 'x' })).rejects.toMatchObject({
    code: 'illegal_state',
  })
})

test('a retracted note is listed only when asked for', async () => {
  const own = await caliber.tenant()
  const { noteId } = await own.call<{ noteId: string }>('note.record', { subject: 'port', content: '8080' })
  await own.call('note.retract', { noteId, reason: 'misheard' })
  expect(await own.call('note.list', {})).toMatchObject({ items: [] })
  expect(await own.call('note.list', { status: 'any' })).toMatchObject({ items: [{ noteId, status: 'retracted' }] })
})

test('of two superseding at once, one wins and the other is told', async () => {
  const { noteId } = (await record({ subject: 'region', content: 'Frankfurt' })) as { noteId: string }
  const results = await Promise.allSettled(
    ['Stockholm', 'Paris'].map((content) => tenant.call('note.supersede', { noteId, content })),
  )
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
})

test('a source that does not exist is refused, and nothing is stored', async () => {
  const own = await caliber.tenant()
  const sources = [{ kind: 'turn', id: '01890a5d-ac96-774b-bcce-b302099a8057' }]
  await expect(own.call('note.record', { subject: 's', content: 'c', sources })).rejects.toMatchObject({
    code: 'not_found',
  })
  expect(await own.call('note.list', {})).toMatchObject({ items: [] })
})

test('a validity that ends before it begins is refused', async () => {
  const validity = { validFrom: '2026-02-01T00:00:00Z', validUntil: '2026-01-01T00:00:00Z' }
  await expect(record({ subject: 's', content: 'c', ...validity })).rejects.toMatchObject({ code: 'invalid_input' })
})

test('a revision is not stored over one that its writer has not seen', async () => {
  const { artifactId } = await put('seen.md', 'one')
  const second = { trajectoryId, type: 'plan', name: 'seen.md', content: 'two', revision: 1 }
  expect(await tenant.call('artifact.put', second)).toMatchObject({ artifactId, revision: 2 })
  await expect(tenant.call('artifact.put', { ...second, content: 'other' })).rejects.toMatchObject({
    code: 'version_conflict',
    detail: { version: 2 },
  })
  await expect(tenant.call('artifact.put', { ...second, name: 'new.md', revision: 1 })).rejects.toMatchObject({
    code: 'version_conflict',
  })
  expect(await tenant.call('artifact.get', { artifactId })).toMatchObject({ content: 'two' })
})

async function put(name: string, content: string): Promise<Record<string, unknown>> {
  return tenant.call('artifact.put', { trajectoryId, type: 'plan', name, content })
}

async function record(fields: Record<string, unknown>): Promise<Record<string, unknown>> {
  return tenant.call('note.record', fields)
}
