/** Contradictions are found where they are written, shown side by side, and resolved one way or another. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestCaliber, type TestTenant, testCaliber } from './testing/tenant.ts'

let caliber: TestCaliber

beforeAll(async () => {
  caliber = await testCaliber()
})
afterAll(() => caliber.close())

test('a note that cannot hold beside a live one on its subject is a conflict, and what is merely related is none', async () => {
  const tenant = await caliber.tenant()
  const older = await record(tenant, 'The limit is 60 per minute.')
  await record(tenant, 'The limit applies per IP.')
  const newer = await record(tenant, 'The limit is 120 per minute.', 'Rate Limit')
  expect(await conflicts(tenant)).toMatchObject([
    { olderId: older, newerId: newer, status: 'open', finding: expect.stringContaining('60'), strategy: null },
  ])
  const { items } = await tenant.call<{ items: { kind: string }[] }>('event.since', { limit: 100 })
  expect(items.filter(({ kind }) => kind === 'conflict.found')).toHaveLength(1)
})

test('of two contradicting notes recorded at once, the second to commit is compared with the first', async () => {
  const tenant = await caliber.tenant()
  await Promise.all([60, 120, 90].map((limit) => record(tenant, `The limit is ${limit} per minute.`)))
  expect(await conflicts(tenant)).toHaveLength(3)
})

test('both sides are found and stand in a context together, and an unrelated question brings neither', async () => {
  const tenant = await caliber.tenant()
  const older = await record(tenant, 'Deployment is enabled.', 'friday')
  const newer = await record(tenant, 'Deployment is disabled.', 'friday')
  const found = await tenant.call<{ items: { id: string; contradictedBy: string[] }[] }>('memory.search', {
    query: 'enabled',
  })
  expect(found.items).toMatchObject([{ id: older, contradictedBy: [newer] }])
  expect(await contextOf(tenant, 'enabled')).toMatchObject([
    { id: older, verdict: 'included' },
    { id: newer, verdict: 'included', signals: { contradicts: older } },
  ])
  expect(await contextOf(tenant, 'weather')).toEqual([])
})

test.each([
  ['last_write', ['newer']],
  ['first_write', ['older']],
  ['highest_confidence', ['older']],
  ['reject_both', []],
  ['keep_both', ['newer', 'older']],
])('%s leaves what it says', async (strategy, left) => {
  const { tenant, ids, conflictId } = await conflicting()
  expect(await tenant.call('conflict.resolve', { conflictId, strategy })).toMatchObject({
    status: 'resolved',
    strategy,
  })
  expect(await liveNotes(tenant)).toEqual(left.map((side) => ids[side as 'older' | 'newer']))
  expect(await conflicts(tenant)).toEqual([])
  await expect(tenant.call('conflict.resolve', { conflictId, strategy })).rejects.toMatchObject({
    code: 'illegal_state',
  })
})

test('merging puts one note in place of both, which names them as its sources', async () => {
  const { tenant, ids, conflictId } = await conflicting()
  const content = 'Guests: 60 per minute. Kiosks: 120 per minute.'
  await tenant.call('conflict.resolve', { conflictId, strategy: 'merge', content })
  const [merged] = await liveNotes(tenant)
  expect(await tenant.call('note.get', { noteId: merged })).toMatchObject({
    content,
    confidence: 0.5,
    sources: [ids.older, ids.newer].map((id) => ({ kind: 'note', id })),
  })
  expect(await tenant.call('memory.verify', {})).toMatchObject({ ok: true })
})

test('an escalated conflict stays unresolved until somebody resolves it', async () => {
  const { tenant, conflictId } = await conflicting()
  await tenant.call('conflict.resolve', { conflictId, strategy: 'escalate', reason: 'ask Anna' })
  expect(await conflicts(tenant)).toMatchObject([{ conflictId, status: 'escalated', reason: 'ask Anna' }])
  await expect(
    tenant.call('conflict.resolve', { conflictId, strategy: 'last_write', version: 1 }),
  ).rejects.toMatchObject({
    code: 'version_conflict',
  })
  await tenant.call('conflict.resolve', { conflictId, strategy: 'keep_both', version: 2 })
  expect(await conflicts(tenant)).toEqual([])
})

test('a conflict ends with either of its notes', async () => {
  const { tenant, ids, conflictId } = await conflicting()
  await tenant.call('note.supersede', { noteId: ids.older, content: 'The limit is 120 per minute.' })
  expect(await conflicts(tenant)).toEqual([])
  expect(await tenant.call('conflict.get', { conflictId })).toMatchObject({ status: 'resolved', strategy: null })
})

test('a forgotten note takes its conflict along, and what was said about it', async () => {
  const { tenant, ids, conflictId } = await conflicting()
  await tenant.call('memory.forget', { items: [ids.newer], reason: 'asked for' })
  await expect(tenant.call('conflict.get', { conflictId })).rejects.toMatchObject({ code: 'not_found' })
  expect(await liveNotes(tenant)).toEqual([ids.older])
  expect(await contextOf(tenant, 'limit')).toMatchObject([{ id: ids.older, verdict: 'included' }])
  expect(await tenant.call('memory.verify', {})).toMatchObject({ ok: true })
})

test('regions keep their contradictions to themselves', async () => {
  const tenant = await caliber.tenant()
  const [owner, stranger] = [await tenant.member(), await tenant.member()]
  const { regionId } = await owner.call<{ regionId: string }>('region.create', { name: 'mine', kind: 'private' })
  const note = { subject: 'limit', content: 'The limit is 60.' }
  await tenant.call('note.record', note)
  await owner.call('note.record', { ...note, content: 'The limit is 90.', regionId })
  await owner.call('note.record', { ...note, content: 'The limit is 120.', regionId })
  const [found] = await conflicts(owner)
  expect(await conflicts(stranger)).toEqual([])
  const { conflictId } = found ?? { conflictId: '' }
  const asStranger = (operation: string, input: object) => stranger.call(operation, { conflictId, ...input })
  await expect(asStranger('conflict.get', {})).rejects.toMatchObject({ code: 'not_found' })
  await expect(asStranger('conflict.resolve', { strategy: 'keep_both' })).rejects.toMatchObject({ code: 'not_found' })
})

test('another judge may be given', async () => {
  const strict = await testCaliber({ judge: () => ({ verdict: 'contradicts', reason: 'Everything does.' }) })
  try {
    const tenant = await strict.tenant()
    await record(tenant, 'Tea.')
    await record(tenant, 'Coffee.')
    expect(await conflicts(tenant)).toMatchObject([{ finding: 'Everything does.' }])
  } finally {
    await strict.close()
  }
})

type Calls = Pick<TestTenant, 'call'>

async function conflicting() {
  const tenant = await caliber.tenant()
  const older = await record(tenant, 'The limit is 60 per minute.')
  const { noteId: newer } = await tenant.call<{ noteId: string }>('note.record', {
    subject: 'rate limit',
    content: 'The limit is 120 per minute.',
    confidence: 0.5,
  })
  const [found] = await conflicts(tenant)
  return { tenant, ids: { older, newer }, conflictId: found?.conflictId ?? '' }
}

async function record({ call }: Calls, content: string, subject = 'rate limit'): Promise<string> {
  return (await call<{ noteId: string }>('note.record', { subject, content })).noteId
}

async function conflicts({ call }: Calls): Promise<readonly { conflictId: string }[]> {
  return (await call<{ items: { conflictId: string }[] }>('conflict.list', {})).items
}

async function liveNotes({ call }: Calls): Promise<readonly string[]> {
  return (await call<{ items: { noteId: string }[] }>('note.list', {})).items.map(({ noteId }) => noteId)
}

async function contextOf({ call }: Calls, query: string) {
  const { receipt } = await call<{ receipt: { verdicts: object[] } }>('context.assemble', { query, budgetTokens: 500 })
  return receipt.verdicts
}
