/** What a tenant does not want to keep goes by itself, as if it was forgotten; what is still of use stays. */
import { v7 } from 'uuid'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Sessions } from '../db/session.ts'
import { sweepTenant } from './sweep/sweepTenants.ts'
import { type TestCaliber, type TestTenant, testCaliber } from './testing/tenant.ts'

let caliber: TestCaliber
let tenant: TestTenant
let trajectoryId: string

beforeAll(async () => {
  caliber = await testCaliber()
})
afterAll(() => caliber.close())
beforeEach(async () => {
  tenant = await caliber.tenant()
  ;({ trajectoryId } = await tenant.call<{ trajectoryId: string }>('trajectory.start', { name: 't' }))
})

test('nothing goes until an administrator says so, and the policy is shown where the limits are', async () => {
  await said('heron', { closedDaysAgo: 1_000 })
  expect(await sweep()).toBe(0)
  expect(await tenant.call('tenant.get', {})).toMatchObject({ turnRetentionDays: null, noteRetentionDays: null })
  const member = await tenant.member()
  await expect(member.call('tenant.retain', { turnRetentionDays: 1 })).rejects.toMatchObject({ code: 'forbidden' })
  await expect(tenant.call('tenant.retain', { turnRetentionDays: 0 })).rejects.toMatchObject({ code: 'invalid_input' })
  await tenant.call('tenant.retain', { turnRetentionDays: 30 })
  await tenant.call('tenant.retain', { noteRetentionDays: 7 })
  expect(await tenant.call('tenant.get', {})).toMatchObject({ turnRetentionDays: 30, noteRetentionDays: 7 })
  expect(await tenant.call('tenant.retain', { turnRetentionDays: null })).toMatchObject({ turnRetentionDays: null })
  expect(await sweep()).toBe(0)
  expect(await turns()).toHaveLength(1)
})

test('turns go so long after their scope was closed, with a receipt in a log that still verifies', async () => {
  const old = await said('an old heron', { closedDaysAgo: 32 })
  const [younger, open] = [await said('a younger heron', { closedDaysAgo: 29 }), await said('a heron')]
  await tenant.call('context.assemble', { scopeId: old.scopeId, query: 'old heron' })
  await tenant.call('tenant.retain', { turnRetentionDays: 30 })
  expect(await sweep()).toBe(1)
  expect(await turns()).toEqual([younger.turnId, open.turnId].sort())
  const { items } = await tenant.call<{ items: { kind: string; subjectId: string; data: object }[] }>('event.since', {})
  const [forgotten, ran] = items.slice(-2)
  expect(forgotten).toMatchObject({ kind: 'memory.forgotten', data: { turns: 1, notes: 0, reason: 'retention' } })
  expect(ran).toMatchObject({ kind: 'sweep.ran', data: { turns: 1, notes: 0 } })
  expect(await tenant.call('memory.verify', {})).toMatchObject({ ok: true })
  const residue = { words: 'an old heron', receiptId: forgotten?.subjectId }
  await expect.poll(() => tenant.call('memory.residue', residue)).toEqual({ residue: 0, places: [] })
  expect(await sweep()).toBe(0)
})

test('a turn stays while something is kept that was made of it, and forgetting it takes that along all the same', async () => {
  const [one, other] = [await said('one', { closedDaysAgo: 9 }), await said('other', { closedDaysAgo: 9 })]
  const fact = await note({ sources: [{ kind: 'turn', id: one.turnId }] })
  const further = await note({ sources: [{ kind: 'note', id: fact }] })
  await tenant.call('artifact.put', {
    trajectoryId,
    type: 'plan',
    name: 'p',
    content: 'c',
    provenance: { sourceTurnIds: [other.turnId] },
  })
  await tenant.call('tenant.retain', { turnRetentionDays: 7, noteRetentionDays: 7 })
  expect(await sweep()).toBe(0)
  await end(fact, 9)
  expect(await sweep()).toBe(0)
  await end(further, 9)
  expect(await sweep()).toBe(3)
  expect(await turns()).toEqual([other.turnId])
  const { items } = await tenant.call<{ items: object[] }>('memory.forget', { items: [other.turnId], reason: 'r' })
  expect(items).toHaveLength(2)
})

test('notes that ended or ceased to hold go after their time; the versions of a note go together, when the last has ended', async () => {
  const first = await note()
  const { note: second } = await tenant.call<{ note: { noteId: string } }>('note.supersede', {
    noteId: first,
    content: 'better',
  })
  const [retracted, recently] = [await note(), await note()]
  const expired = await note({ validUntil: '2020-01-01T00:00:00Z' })
  await end(retracted, 9)
  await end(recently, 6)
  await caliber.admin`update caliber.note set ended_at = now() - interval '9 days' where id = ${first}`
  await tenant.call('tenant.retain', { noteRetentionDays: 7 })
  expect(await sweep()).toBe(2)
  expect(await notes()).toEqual([first, second.noteId, recently].sort())
  expect(await notes()).not.toContain(expired)
  await end(second.noteId, 9)
  expect(await sweep()).toBe(2)
  expect(await notes()).toEqual([recently])
})

test('in a region that is written under its lock alone nothing is erased, nor what something there was derived from', async () => {
  const { turnId } = await said('read here', { closedDaysAgo: 9 })
  const { regionId } = await tenant.call<{ regionId: string }>('region.create', {
    name: 'locked',
    kind: 'team',
    writeRule: 'lock',
  })
  const { leases } = await tenant.call<{ leases: { fence: number }[] }>('lock.acquire', { locks: [{ regionId }] })
  const fences = [`${regionId}:${leases[0]?.fence}`]
  const input = { subject: 's', content: 'c', regionId, sources: [{ kind: 'turn', id: turnId }] }
  const { noteId } = await tenant.call<{ noteId: string }>('note.record', input, undefined, fences)
  await tenant.call('note.retract', { noteId, reason: 'r' }, undefined, fences)
  await caliber.admin`update caliber.note set ended_at = now() - interval '9 days' where id = ${noteId}`
  await tenant.call('tenant.retain', { turnRetentionDays: 7, noteRetentionDays: 7 })
  expect(await sweep()).toBe(0)
})

test('what is derived from a turn while it is being chosen keeps it', async () => {
  const { turnId } = await said('just in time', { closedDaysAgo: 9 })
  await tenant.call('tenant.retain', { turnRetentionDays: 7 })
  const overtaken: Sessions = {
    ...caliber.sessions,
    run: (claims, work, options) =>
      caliber.sessions.run(
        claims,
        (sql) =>
          work(async (strings, ...values) => {
            if (strings.join('').includes('forgotten_with')) await note({ sources: [{ kind: 'turn', id: turnId }] })
            return sql(strings, ...values)
          }),
        options,
      ),
  }
  expect(await sweep(overtaken)).toBe(0)
  expect(await turns()).toEqual([turnId])
})

function sweep(sessions: Sessions = caliber.sessions): Promise<number> {
  return sweepTenant(sessions, tenant.tenantId, { models: {}, signal: new AbortController().signal, newId: v7 })
}

/** A turn in a scope of its own. */
async function said(content: string, { closedDaysAgo }: { closedDaysAgo?: number } = {}) {
  const { scopeId } = await tenant.call<{ scopeId: string }>('scope.open', { trajectoryId, name: 's' })
  const {
    turns: [turn],
  } = await tenant.call<{ turns: { turnId: string }[] }>('turn.append', {
    scopeId,
    turns: [{ role: 'user', content }],
  })
  if (closedDaysAgo !== undefined) {
    await tenant.call('scope.close', { scopeId })
    await caliber.admin`
      update caliber.scope set closed_at = now() - make_interval(days => ${closedDaysAgo}) where id = ${scopeId}`
  }
  return { scopeId, turnId: String(turn?.turnId) }
}

async function note(more: object = {}): Promise<string> {
  return (await tenant.call<{ noteId: string }>('note.record', { subject: 's', content: v7(), ...more })).noteId
}

async function end(noteId: string, daysAgo: number): Promise<void> {
  await tenant.call('note.retract', { noteId, reason: 'r' })
  await caliber.admin`update caliber.note set ended_at = now() - make_interval(days => ${daysAgo}) where id = ${noteId}`
}

const turns = () => idsIn('turn')
const notes = () => idsIn('note')

async function idsIn(table: 'turn' | 'note'): Promise<readonly string[]> {
  const rows = await caliber.admin<{ id: string }[]>`
    select id from caliber.${caliber.admin(table)} where tenant_id = ${tenant.tenantId} order by id`
  return rows.map(({ id }) => id)
}
