/** What was recalled and written down again is recognised: it is no new memory, and stands for itself once the original is gone. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createRuntime } from '../local/runtime.ts'
import { callsAs, type TestCaliber, type TestPrincipal, testCaliber } from './testing/tenant.ts'

let caliber: TestCaliber
beforeAll(async () => {
  caliber = await testCaliber()
})
afterAll(() => caliber.close())

const fact = 'The lighthouse keeper of Gotska Sandön paints his boat green every second spring, before the terns come.'

interface Found {
  readonly items: readonly { readonly id: string; readonly kind: string; readonly text: string }[]
}

test('a window that an agent puts into its prompt is not found again, and what it says itself is', async () => {
  const { tenant, scopeId } = await remembering()
  const { text } = await tenant.call<{ text: string }>('context.assemble', { query: 'lighthouse', budgetTokens: 500 })
  expect(text).toContain(fact)
  await say(tenant, scopeId, [`You know this:\n${text}`, `Noted: “${fact}” So buy varnish by Easter.`])

  expect(await found(tenant, 'keeper of terns')).toEqual([fact])
  expect((await found(tenant, 'varnish'))[0]).toBe(`Noted: “${fact}” So buy varnish by Easter.`)
  const history = await tenant.call<{ text: string }>('context.assemble', { scopeId, budgetTokens: 2_000 })
  expect(history.text).toContain('So buy varnish by Easter.')
})

test('a summary is made of what was new', async () => {
  const { tenant } = await remembering()
  const scopeId = await opened(tenant)
  await say(tenant, scopeId, [fact, `As you say: ${fact} Where did you put the varnish?`])
  expect(await tenant.call('scope.summary', { scopeId })).toMatchObject({
    text: 'user: Where did you put the varnish',
  })
})

test('when the original is forgotten, taken back or set aside, its echo is found, and a memory built anew agrees', async () => {
  const { tenant, scopeId, turnId } = await remembering()
  const [echo] = await say(tenant, scopeId, [`My notes say: ${fact}`])
  const { distrustId } = await tenant.call<{ distrustId: string }>('memory.revoke', { itemId: turnId, reason: 'r' })
  expect(await foundIds(tenant)).toEqual([echo])
  await tenant.call('memory.restore', { distrustId })
  expect(await foundIds(tenant)).toEqual([turnId])
  await tenant.call('memory.forget', { items: [turnId], reason: 'r' })
  expect(await foundIds(tenant)).toEqual([echo])

  const anew = await createRuntime(caliber.sessions)
  expect(await foundIds(callsAs({ ...tenant, rights: ['read'] }, anew))).toEqual([echo])
  await anew.close()
})

test('what lies in a region that a reader may not open makes no echo of what he may read', async () => {
  const { tenant, scopeId } = await remembering()
  const { regionId } = await tenant.call<{ regionId: string }>('region.create', { name: 'mine', kind: 'private' })
  const { noteId } = await tenant.call<{ noteId: string }>('note.record', {
    subject: 'secret',
    content: 'Of seals: '.concat(fact).replace('green', 'grey'),
    regionId,
  })
  const [open] = await say(tenant, scopeId, [fact.replace('green', 'grey')])
  const { items } = await tenant.call<Found>('memory.search', { query: 'grey', limit: 10 })
  expect(items.map(({ id }) => id).toSorted()).toEqual([noteId, open].toSorted())
})

test('a note that a live note says already is that note', async () => {
  const { tenant } = await remembering()
  const note = { subject: 'Varnish', content: 'Bought before Easter.' }
  const first = await tenant.call<{ noteId: string }>('note.record', note)
  const again = { subject: 'varnish', content: ' bought  before Easter. ', confidence: 0.4 }
  expect(await tenant.call('note.record', again)).toEqual(first)
  for (const other of [
    { type: 'preference' },
    { pinned: true },
    { level: 'summary' },
    { validUntil: '2030-01-01T00:00:00Z' },
  ]) {
    expect(await tenant.call('note.record', { ...note, ...other })).not.toMatchObject({ noteId: first.noteId })
  }
  await tenant.call('note.retract', { noteId: first.noteId, reason: 'sold' })
  expect(await tenant.call('note.record', note)).not.toMatchObject({ noteId: first.noteId })
})

/** A tenant to whom the fact was told once. */
async function remembering() {
  const tenant = await caliber.tenant()
  const told = await opened(tenant)
  const [turnId = ''] = await say(tenant, told, [fact])
  return { tenant, turnId, scopeId: await opened(tenant) }
}

async function opened(tenant: TestPrincipal): Promise<string> {
  const { trajectoryId } = await tenant.call<{ trajectoryId: string }>('trajectory.start', { name: 't' })
  return (await tenant.call<{ scopeId: string }>('scope.open', { trajectoryId, name: 's' })).scopeId
}

async function say(tenant: TestPrincipal, scopeId: string, contents: readonly string[]): Promise<readonly string[]> {
  const turns = contents.map((content) => ({ role: 'user', content }))
  const appended = await tenant.call<{ turns: { turnId: string }[] }>('turn.append', { scopeId, turns })
  return appended.turns.map(({ turnId }) => turnId)
}

async function found(tenant: TestPrincipal, query: string): Promise<readonly string[]> {
  return (await tenant.call<Found>('memory.search', { query, limit: 10 })).items.map(({ text }) => text)
}

async function foundIds(tenant: Pick<TestPrincipal, 'call'>): Promise<readonly string[]> {
  const { items } = await tenant.call<Found>('memory.search', { query: 'lighthouse keeper terns', limit: 10 })
  return items.map(({ id }) => id)
}
