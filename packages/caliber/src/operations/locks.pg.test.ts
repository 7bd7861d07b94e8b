/** Leases with a fence, over the operations. Races on a real server: `npm run test:locks`. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Region } from '../domain/region.ts'
import { type TestCaliber, type TestPrincipal, type TestTenant, testCaliber } from './testing/tenant.ts'

interface Lease {
  readonly regionId: string
  readonly resource: string
  readonly fence: number
  readonly until: string
}

let caliber: TestCaliber
let owner: TestTenant
let other: TestPrincipal
let regionId: string
let notesSaid = 0

beforeAll(async () => {
  caliber = await testCaliber()
  owner = await caliber.tenant()
  other = await owner.member()
})
afterAll(() => caliber.close())

describe('in a region under a lock rule', () => {
  beforeAll(async () => {
    ;({ regionId } = await owner.call<Region>('region.create', { name: 'board', kind: 'collaborative' }))
  })

  test('a write without a fence is refused and says what to do', async () => {
    await expect(owner.call('note.record', note())).rejects.toMatchObject({
      code: 'fence_stale',
      detail: { regionId },
      message: expect.stringContaining('Acquire the lock'),
    })
  })

  test('the holder writes with its fence, everything that belongs to the region', async () => {
    const lease = await acquire(owner)
    const fences = [shown(lease)]
    await owner.call('note.record', note(), undefined, fences)
    const { trajectoryId } = await owner.call<{ trajectoryId: string }>(
      'trajectory.start',
      { name: 't', regionId },
      undefined,
      fences,
    )
    const { scopeId } = await owner.call<{ scopeId: string }>(
      'scope.open',
      { trajectoryId, name: 's' },
      undefined,
      fences,
    )
    const turns = [{ role: 'user', content: 'hi' }]
    await owner.call('turn.append', { scopeId, turns }, undefined, fences)
    await owner.call('artifact.put', { trajectoryId, type: 'plan', name: 'a', content: 'c' }, undefined, fences)
    for (const [operation, input] of [
      ['turn.append', { scopeId, turns }],
      ['scope.open', { trajectoryId, name: 's' }],
      ['scope.close', { scopeId }],
      ['artifact.put', { trajectoryId, type: 'plan', name: 'a', content: 'd' }],
      ['trajectory.finish', { trajectoryId, status: 'completed' }],
    ] as const) {
      await expect(owner.call(operation, input), operation).rejects.toMatchObject({ code: 'fence_stale' })
    }
    await release(owner, lease)
  })

  test('nobody writes with the fence of another, an old one, a guessed one, or one of another region', async () => {
    const old = await acquire(owner)
    await release(owner, old)
    const lease = await acquire(owner)
    expect(lease.fence).toBe(old.fence + 1)
    const refused = { code: 'fence_stale' }
    await expect(other.call('note.record', note(), undefined, [shown(lease)])).rejects.toMatchObject(refused)
    await expect(owner.call('note.record', note(), undefined, [shown(old)])).rejects.toMatchObject(refused)
    await expect(
      owner.call('note.record', note(), undefined, [`${regionId}:${lease.fence + 1}`]),
    ).rejects.toMatchObject(refused)
    await expect(
      owner.call('note.record', note(), undefined, [`${owner.tenantId}:${lease.fence}`]),
    ).rejects.toMatchObject(refused)
    await release(owner, lease)
    await expect(owner.call('note.record', note(), undefined, [shown(lease)])).rejects.toMatchObject(refused)
  })

  test('a shared lease protects nothing, and an expired one is over without a sweeper', async () => {
    const shared = await acquire(owner, { mode: 'shared' })
    await expect(owner.call('note.record', note(), undefined, [shown(shared)])).rejects.toMatchObject({
      code: 'fence_stale',
    })
    await release(owner, shared)
    const lease = await acquire(owner)
    await caliber.admin`update caliber.lock set until = clock_timestamp() where region_id = ${regionId}`
    await expect(owner.call('note.record', note(), undefined, [shown(lease)])).rejects.toMatchObject({
      code: 'fence_stale',
    })
    await expect(owner.call('lock.extend', held(lease))).rejects.toMatchObject({ code: 'fence_stale' })
    const next = await acquire(other)
    expect(next.fence).toBe(lease.fence + 1)
    await release(other, next)
  })

  test('a fence of another form is bad input', async () => {
    for (const fences of [['1'], [`${regionId}:0`], [`${regionId}:1;drop`], Array(17).fill(`${regionId}:1`)]) {
      await expect(owner.call('note.record', note(), undefined, fences)).rejects.toMatchObject({
        code: 'invalid_input',
      })
    }
  })
})

describe('a lock', () => {
  test('is held by one, or shared by many, and says who stands in the way', async () => {
    const lease = await acquire(owner, { resource: 'report' })
    await expect(acquire(other, { resource: 'report' })).rejects.toMatchObject({
      code: 'lock_held',
      retryable: true,
      detail: { heldBy: owner.principalId, until: lease.until },
    })
    await expect(acquire(other, { resource: 'report', mode: 'shared' })).rejects.toMatchObject({ code: 'lock_held' })
    expect(await release(owner, lease)).toEqual({ released: true })
    expect(await release(owner, lease)).toEqual({ released: false })
    const shares = [
      await acquire(owner, { resource: 'report', mode: 'shared' }),
      await acquire(other, { resource: 'report', mode: 'shared' }),
    ]
    expect(shares.map(({ fence }) => fence)).toEqual([lease.fence + 1, lease.fence + 2])
    await expect(acquire(owner, { resource: 'report' })).rejects.toMatchObject({ code: 'lock_held' })
    const { items } = await other.call<{ items: object[] }>('lock.list', { regionId })
    expect(items).toMatchObject([
      { mode: 'shared', resource: 'report' },
      { mode: 'shared', holderId: other.principalId },
    ])
    await release(owner, shares[0] as Lease)
    await release(other, shares[1] as Lease)
    await release(owner, await acquire(owner, { resource: 'report' }))
  })

  test('is extended by its holder alone', async () => {
    const lease = await acquire(owner, { resource: 'x' })
    await expect(other.call('lock.extend', held(lease))).rejects.toMatchObject({ code: 'fence_stale' })
    const { until } = await owner.call<{ until: string }>('lock.extend', { ...held(lease), ttlMs: 200_000 })
    expect(Date.parse(until)).toBeGreaterThan(Date.parse(lease.until))
    expect(await other.call('lock.release', held(lease))).toEqual({ released: false })
    await release(owner, lease)
  })

  test('is waited for, and had when it is released', async () => {
    const lease = await acquire(owner, { resource: 'y' })
    const waiting = acquire(other, { resource: 'y', waitMs: 20_000 })
    await release(owner, lease)
    const next = await waiting
    expect(next.fence).toBe(lease.fence + 1)
    await release(other, next)
  })

  test('of several is had with all or none, in one order', async () => {
    const second = await acquire(other, { resource: 'b' })
    const locks = [
      { regionId, resource: 'b' },
      { regionId, resource: 'a' },
    ]
    await expect(owner.call('lock.acquire', { locks })).rejects.toMatchObject({ code: 'lock_held' })
    expect(await other.call('lock.list', { regionId })).toMatchObject({ items: [{ resource: 'b' }] })
    await release(other, second)
    const { leases } = await owner.call<{ leases: Lease[] }>('lock.acquire', { locks })
    expect(leases.map(({ resource }) => resource)).toEqual(['a', 'b'])
    for (const lease of leases) await release(owner, lease)
  })

  test('of a region that is not open is not there', async () => {
    const own = await owner.call<Region>('region.create', { name: 'own', kind: 'private' })
    for (const mode of ['exclusive', 'shared']) {
      const input = { locks: [{ regionId: own.regionId }], mode }
      await expect(other.call('lock.acquire', input)).rejects.toMatchObject({ code: 'not_found' })
    }
    const read = await owner.call<Region>('region.create', { name: 'read', kind: 'public' })
    await expect(other.call('lock.acquire', { locks: [{ regionId: read.regionId }] })).rejects.toMatchObject({
      code: 'forbidden',
    })
    await release(other, await acquire(other, { regionId: read.regionId, mode: 'shared' }))
  })
})

function note() {
  notesSaid += 1
  return { subject: 's', content: `note ${notesSaid}`, regionId }
}

async function acquire(
  by: TestPrincipal,
  {
    regionId: region = regionId,
    resource = '*',
    ...rest
  }: { regionId?: string; resource?: string; mode?: string; waitMs?: number } = {},
): Promise<Lease> {
  const { leases } = await by.call<{ leases: Lease[] }>('lock.acquire', {
    locks: [{ regionId: region, resource }],
    ...rest,
  })
  expect(leases).toHaveLength(1)
  return leases[0] as Lease
}

function held({ regionId, resource, fence }: Lease) {
  return { regionId, resource, fence }
}

function release(by: TestPrincipal, lease: Lease) {
  return by.call('lock.release', held(lease))
}

const shown = ({ regionId, fence }: Lease) => `${regionId}:${fence}`
