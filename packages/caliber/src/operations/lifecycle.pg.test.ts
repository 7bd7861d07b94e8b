/** Trajectories, scopes, turns: the spine, its state machines and its invariants (memory.md §2). */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestCaliber, type TestTenant, testCaliber } from './testing/tenant.ts'

let caliber: TestCaliber
let tenant: TestTenant

beforeAll(async () => {
  caliber = await testCaliber()
  tenant = await caliber.tenant()
})
afterAll(() => caliber.close())

test('a trajectory starts, shows up in the list, and finishes once', async () => {
  const { trajectoryId, version } = await start('move billing')
  const { items } = await tenant.call<{ items: { trajectoryId: string }[] }>('trajectory.list', { limit: 1 })
  expect(items.map((item) => item.trajectoryId)).toEqual([trajectoryId])

  const finished = await tenant.call('trajectory.finish', {
    trajectoryId,
    status: 'completed',
    summary: 'live',
    version,
  })
  expect(finished).toMatchObject({ status: 'completed', outcome: { status: 'completed', summary: 'live' }, version: 2 })

  await expect(tenant.call('trajectory.finish', { trajectoryId, status: 'failed' })).rejects.toMatchObject({
    code: 'illegal_state',
    message: expect.stringContaining('completed'),
  })
})

test('a stale version is refused and changes nothing', async () => {
  const { trajectoryId } = await start('stale')
  await expect(tenant.call('trajectory.finish', { trajectoryId, status: 'failed', version: 7 })).rejects.toMatchObject({
    code: 'version_conflict',
    detail: { version: 1 },
  })
  expect(await tenant.call('trajectory.get', { trajectoryId })).toMatchObject({ status: 'active', version: 1 })
})

test('trees are depth-capped on write', async () => {
  let parentId: string | undefined
  for (let depth = 0; depth < 32; depth += 1) parentId = (await start(`depth ${depth}`, parentId)).trajectoryId
  await expect(start('too deep', parentId)).rejects.toMatchObject({ code: 'conflict' })
})

test('the server numbers turns, counts tokens, and keeps the sums of the scope', async () => {
  const scopeId = await openScope()
  const first = await append(scopeId, ['hello there', 'general'])
  const second = await append(scopeId, ['again'])
  expect([...first, ...second].map(({ sequence }) => sequence)).toEqual([1, 2, 3])
  const tokens = [...first, ...second].reduce((sum, { tokenCount }) => sum + tokenCount, 0)
  expect(await tenant.call('scope.get', { scopeId })).toMatchObject({ turnCount: 3, usedTokens: tokens })
})

test('turns of one scope appended at the same time get distinct, gapless sequences', async () => {
  const scopeId = await openScope()
  await Promise.all(Array.from({ length: 20 }, (_, i) => append(scopeId, [`turn ${i}`])))
  const { items } = await tenant.call<{ items: { sequence: number }[] }>('turn.list', { scopeId, limit: 100 })
  expect(items.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
})

test('a closed scope takes no turns and cannot close again', async () => {
  const scopeId = await openScope()
  await append(scopeId, ['last words'])
  await tenant.call('scope.close', { scopeId })
  await expect(append(scopeId, ['too late'])).rejects.toMatchObject({ code: 'illegal_state' })
  await expect(tenant.call('scope.close', { scopeId })).rejects.toMatchObject({ code: 'illegal_state' })
})

test('only an active trajectory opens scopes', async () => {
  const { trajectoryId } = await start('finished')
  await tenant.call('trajectory.finish', { trajectoryId, status: 'failed' })
  await expect(tenant.call('scope.open', { trajectoryId, name: 'x' })).rejects.toMatchObject({ code: 'illegal_state' })
})

test('pages cover everything once, newest first', async () => {
  const own = await caliber.tenant()
  for (let i = 0; i < 7; i += 1) await own.call('trajectory.start', { name: `t${i}` })
  const names: string[] = []
  let after: string | undefined
  do {
    const page = await own.call<{ items: { name: string }[]; next: string | null }>('trajectory.list', {
      limit: 3,
      after,
    })
    names.push(...page.items.map(({ name }) => name))
    after = page.next ?? undefined
  } while (after !== undefined)
  expect(names).toEqual(['t6', 't5', 't4', 't3', 't2', 't1', 't0'])
})

test('every change is one event, gapless and in commit order, and nothing else is', async () => {
  const own = await caliber.tenant()
  const { trajectoryId } = await own.call<{ trajectoryId: string }>('trajectory.start', { name: 'events' })
  const { scopeId } = await own.call<{ scopeId: string }>('scope.open', { trajectoryId, name: 's' })
  await own.call('turn.append', {
    scopeId,
    turns: [
      { role: 'user', content: 'a' },
      { role: 'user', content: 'b' },
    ],
  })
  await own
    .call('turn.append', { scopeId: trajectoryId, turns: [{ role: 'user', content: 'a' }] })
    .catch(() => undefined)
  await own.call('scope.close', { scopeId })
  const log = await own.call<{ items: { seq: number; kind: string }[]; headSeq: number }>('event.since', {})
  expect(log.items.map(({ seq, kind }) => `${seq} ${kind}`)).toEqual([
    '1 tenant.created',
    '2 trajectory.started',
    '3 scope.opened',
    '4 turns.appended',
    '5 scope.closed',
  ])
  expect(log.headSeq).toBe(5)
})

test('an idempotency key answers the second request as the first, also when both come at once', async () => {
  const own = await caliber.tenant()
  const answers = await Promise.all([1, 2, 3].map(() => own.call('trajectory.start', { name: 'once' }, 'key-1')))
  expect(new Set(answers.map((answer) => answer['trajectoryId'])).size).toBe(1)
  const { items } = await own.call<{ items: unknown[] }>('trajectory.list', {})
  expect(items).toHaveLength(1)
  await expect(own.call('trajectory.start', { name: 'other' }, 'key-1')).rejects.toMatchObject({
    code: 'idempotency_mismatch',
  })
})

test('a failed write leaves no idempotency record behind', async () => {
  const { trajectoryId } = await start('retry')
  await tenant.call('trajectory.finish', { trajectoryId, status: 'failed', version: 9 }, 'key-2').catch(() => undefined)
  await expect(
    tenant.call('trajectory.finish', { trajectoryId, status: 'failed', version: 1 }, 'key-2'),
  ).resolves.toMatchObject({ status: 'failed' })
})

test('another tenant finds nothing, whatever id it names, and the answer is the same as for no id at all', async () => {
  const { trajectoryId } = await start('private')
  const other = await caliber.tenant()
  const foreign = await other.call('trajectory.get', { trajectoryId }).catch((error: unknown) => error)
  const missing = await other
    .call('trajectory.get', { trajectoryId: trajectoryId.replace(/.$/, '0') })
    .catch((error: unknown) => error)
  expect(foreign).toMatchObject({ code: 'not_found' })
  expect(missing).toMatchObject({ code: 'not_found' })
})

async function start(name: string, parentId?: string): Promise<{ trajectoryId: string; version: number }> {
  return tenant.call('trajectory.start', { name, parentId })
}

async function openScope(): Promise<string> {
  const { trajectoryId } = await start('with a scope')
  const { scopeId } = await tenant.call<{ scopeId: string }>('scope.open', { trajectoryId, name: 'scope' })
  return scopeId
}

async function append(scopeId: string, contents: string[]): Promise<{ sequence: number; tokenCount: number }[]> {
  const turns = contents.map((content) => ({ role: 'user', content }))
  return (await tenant.call<{ turns: { sequence: number; tokenCount: number }[] }>('turn.append', { scopeId, turns }))
    .turns
}
