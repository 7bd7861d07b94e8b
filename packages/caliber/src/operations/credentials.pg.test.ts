/** Keys, principals and tenants: a credential only ever narrows, and what is taken away is gone. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Region } from '../domain/region.ts'
import { authenticate } from './key/authenticate.ts'
import { callsAs, type TestCaliber, type TestPrincipal, type TestTenant, testCaliber } from './testing/tenant.ts'

interface Issued {
  readonly keyId: string
  readonly key: string
  readonly rights: readonly string[]
  readonly regions: readonly string[] | null
  readonly expiresAt: string | null
  readonly parentId: string | null
}

let caliber: TestCaliber
let admin: TestTenant
let agent: TestPrincipal

beforeAll(async () => {
  caliber = await testCaliber()
  admin = await caliber.tenant()
  agent = await admin.member()
})
afterAll(() => caliber.close())

describe('a key', () => {
  test('stands for its principal with its own rights, and only a digest of it is stored', async () => {
    const issued = await issue({ principalId: agent.principalId, rights: ['read'] })
    expect(await opened(issued.key)).toMatchObject({
      principalId: agent.principalId,
      keyId: issued.keyId,
      rights: ['read'],
    })
    const [row] = await caliber.admin`select * from caliber.api_key where id = ${issued.keyId}`
    expect(JSON.stringify(row)).not.toContain(issued.key.slice(-51, -8))
    const { items } = await admin.call<{ items: object[] }>('key.list', { principalId: agent.principalId })
    expect(JSON.stringify(items)).not.toContain('cal_')
  })

  test('cannot carry more than its principal or its issuer may', async () => {
    await expect(issue({ principalId: agent.principalId, rights: ['admin'] })).rejects.toMatchObject({
      code: 'forbidden',
    })
    const boss = await admin.member(['read', 'admin'])
    const writer = await admin.member(['read', 'write', 'admin'])
    await expect(boss.call('key.issue', { principalId: writer.principalId, rights: ['write'] })).rejects.toMatchObject({
      code: 'forbidden',
    })
    expect(await boss.call('key.issue', { principalId: writer.principalId })).toMatchObject({
      rights: ['read', 'admin'],
    })
    await expect(agent.call('key.issue', { principalId: agent.principalId })).rejects.toMatchObject({
      code: 'forbidden',
    })
  })

  test('made from a credential is no wider, lives no longer, and dies with it', async () => {
    const end = '2099-01-01T00:00:00.000Z'
    const parent = await issue({ principalId: agent.principalId, rights: ['read', 'write'], expiresAt: end })
    const holder = await as(parent.key)
    const child = await holder.call<Issued>('key.delegate', { rights: ['read'], expiresAt: '2100-01-01T00:00:00Z' })
    expect(child).toMatchObject({ rights: ['read'], expiresAt: end, parentId: parent.keyId })
    await expect(holder.call('key.delegate', { rights: ['admin'] })).rejects.toMatchObject({ code: 'forbidden' })
    const below = await as(child.key)
    await expect(below.call('key.delegate', { rights: ['write'] })).rejects.toMatchObject({ code: 'forbidden' })
    const grandchild = await below.call<Issued>('key.delegate', {})
    // Neither may touch what stands above it.
    await expect(below.call('key.revoke', { keyId: parent.keyId })).rejects.toMatchObject({ code: 'not_found' })
    await expect(below.call('key.rotate', { keyId: parent.keyId })).rejects.toMatchObject({ code: 'not_found' })
    await holder.call('key.revoke', { keyId: child.keyId })
    for (const { key } of [child, grandchild])
      await expect(opened(key)).rejects.toMatchObject({ code: 'unauthenticated' })
    expect(await opened(parent.key)).toMatchObject({ keyId: parent.keyId, rights: ['read', 'write'] })
  })

  test('narrowed to regions opens those alone, and so does what is made from it', async () => {
    const { regionId } = await admin.call<Region>('region.create', {
      name: 'r',
      kind: 'collaborative',
      writeRule: 'free',
    })
    const narrow = await issue({ principalId: agent.principalId, regions: [regionId] })
    const holder = await as(narrow.key)
    await holder.call('note.record', { subject: 's', content: 'inside', regionId })
    await expect(holder.call('note.record', { subject: 's', content: 'outside' })).rejects.toMatchObject({
      code: 'not_found',
    })
    expect(await holder.call('key.delegate', {})).toMatchObject({ regions: [regionId] })
    await expect(holder.call('key.delegate', { regions: [admin.tenantId] })).rejects.toMatchObject({
      code: 'forbidden',
    })
  })

  test('that is narrower than the one that asked is not given the answer that was kept for it', async () => {
    const { regionId } = await admin.call<{ regionId: string }>('region.create', { name: 'apart', kind: 'public' })
    const input = { subject: 'kept', content: 'elsewhere' }
    const wide = await as((await issue({ principalId: admin.principalId })).key)
    const narrow = await as((await issue({ principalId: admin.principalId, regions: [regionId] })).key)
    const first = await wide.call('note.record', input, 'kept-1')
    expect(await wide.call('note.record', input, 'kept-1')).toEqual(first)
    await expect(narrow.call('note.record', input, 'kept-1')).rejects.toMatchObject({ code: 'idempotency_mismatch' })
  })

  test('is rotated without a gap: both work for a while, then the new one alone', async () => {
    const old = await issue({ principalId: agent.principalId, rights: ['read'] })
    const child = await (await as(old.key)).call<Issued>('key.delegate', {})
    const fresh = await (await as(old.key)).call<Issued>('key.rotate', { keyId: old.keyId, overlapHours: 1 })
    expect(fresh).toMatchObject({ rights: ['read'], parentId: old.parentId })
    for (const { key, keyId } of [old, child, fresh]) {
      expect(await opened(key)).toMatchObject({ keyId, principalId: agent.principalId, rights: ['read'] })
    }
    await caliber.admin`update caliber.api_key set expires_at = clock_timestamp() where expires_at is not null and id in (${old.keyId}, ${child.keyId})`
    for (const { key } of [old, child]) await expect(opened(key)).rejects.toMatchObject({ code: 'unauthenticated' })
    expect(await opened(fresh.key)).toMatchObject({ keyId: fresh.keyId })
  })

  test('is shown once: a repeated request makes no second one and is told so, and no table holds the secret', async () => {
    const input = { principalId: agent.principalId, name: 'once' }
    const issued = await admin.call<Issued>('key.issue', input, 'issue-1')
    await expect(admin.call('key.issue', input, 'issue-1')).rejects.toMatchObject({ code: 'conflict' })
    expect(await caliber.admin`select 1 from caliber.api_key where name = 'once'`).toHaveLength(1)
    const [{ kept } = { kept: '' }] = await caliber.admin<{ kept: string }[]>`
      select string_agg(i::text, '') as kept from caliber.idempotency i where tenant_id = ${admin.tenantId}`
    expect(kept).not.toContain(issued.key.slice(70, 100))
  })

  test('that is wrong in any way gets one answer', async () => {
    const { key } = await issue({ principalId: agent.principalId })
    const foreign = await caliber.tenant()
    const spliced = `cal_${foreign.key.slice(4, 36)}${key.slice(36)}`
    const answers = await Promise.all(
      ['', 'cal_', `${key}0`, key.slice(0, -1), key.replace('_', '-'), spliced].map((wrong) =>
        opened(wrong).catch((error: Error) => error.message),
      ),
    )
    expect(new Set(answers).size).toBe(1)
  })
})

describe('a principal', () => {
  test('that loses rights or is shut out takes its keys with it', async () => {
    const member = await admin.member(['read', 'write'])
    const { key } = await issue({ principalId: member.principalId })
    await admin.call('principal.change', { principalId: member.principalId, rights: ['read'] })
    expect(await opened(key)).toMatchObject({ rights: ['read'] })
    await admin.call('principal.change', { principalId: member.principalId, disabled: true })
    await expect(opened(key)).rejects.toMatchObject({ code: 'unauthenticated' })
    await admin.call('principal.change', {
      principalId: member.principalId,
      disabled: false,
      rights: ['read', 'write'],
    })
    expect(await opened(key)).toMatchObject({ rights: ['read', 'write'] })
  })

  test('cannot change itself, and nobody changes the operator', async () => {
    await expect(
      admin.call('principal.change', { principalId: admin.principalId, disabled: true }),
    ).rejects.toMatchObject({ code: 'forbidden' })
    await expect(
      admin.call('principal.change', { principalId: admin.tenantId, rights: ['read'] }),
    ).rejects.toMatchObject({ code: 'forbidden' })
  })

  test('is administered by administrators alone', async () => {
    for (const [operation, input] of [
      ['principal.list', {}],
      ['principal.add', { kind: 'user', name: 'x' }],
      ['principal.change', { principalId: admin.principalId, disabled: true }],
      ['key.list', {}],
      ['memory.verify', {}],
    ] as const) {
      await expect(agent.call(operation, input), operation).rejects.toMatchObject({ code: 'forbidden' })
    }
  })
})

describe('a tenant', () => {
  test('is made with an administrator and a key, behind its own walls', async () => {
    const made = await admin.call<{ tenant: { tenantId: string }; principalId: string; key: string }>('tenant.create', {
      name: 'Acme',
    })
    const acme = await as(made.key)
    expect(await opened(made.key)).toMatchObject({ rights: ['read', 'write', 'admin'], principalId: made.principalId })
    await acme.call('note.record', { subject: 's', content: 'of acme' })
    expect(await admin.call('memory.search', { query: 'acme' })).toMatchObject({ items: [] })
    expect(await acme.call('memory.verify', {})).toMatchObject({ ok: true })
    await expect(acme.call('tenant.create', { name: 'more' })).rejects.toMatchObject({ code: 'forbidden' })
    await expect(acme.call('tenant.list', {})).rejects.toMatchObject({ code: 'forbidden' })
    const { items } = await admin.call<{ items: { tenantId: string }[] }>('tenant.list', { limit: 1_000 })
    expect(items.map(({ tenantId }) => tenantId)).toEqual(
      expect.arrayContaining([admin.tenantId, made.tenant.tenantId]),
    )
  })

  test('stores no more than it may: the write is refused whole, and reading goes on', async () => {
    const made = await admin.call<{ tenant: { tenantId: string }; key: string }>('tenant.create', {
      name: 'Small',
      maxItems: 3,
    })
    const small = await as(made.key)
    const { trajectoryId } = await small.call<{ trajectoryId: string }>('trajectory.start', { name: 't' })
    const { scopeId } = await small.call<{ scopeId: string }>('scope.open', { trajectoryId, name: 's' })
    const turns = (count: number) => Array.from({ length: count }, (_, i) => ({ role: 'user', content: `${i}` }))
    await small.call('turn.append', { scopeId, turns: turns(2) })
    await expect(small.call('turn.append', { scopeId, turns: turns(2) })).rejects.toMatchObject({
      code: 'quota_exceeded',
    })
    expect(await small.call('scope.get', { scopeId })).toMatchObject({ turnCount: 2 })
    await small.call('note.record', { subject: 's', content: 'c' })
    await expect(small.call('note.record', { subject: 's', content: 'd' })).rejects.toMatchObject({
      code: 'quota_exceeded',
    })
    expect(await small.call('tenant.get', {})).toMatchObject({ items: 3, maxItems: 3, maxBytes: null })
    const { tenantId } = made.tenant
    await admin.call('tenant.limit', { tenantId, maxItems: null, maxBytes: 12 })
    await small.call('note.record', { subject: 's', content: 'd' })
    await expect(small.call('note.record', { subject: 's', content: 'long enough' })).rejects.toMatchObject({
      code: 'quota_exceeded',
    })
  })

  test('that is suspended accepts no credential until it is resumed', async () => {
    const { tenant, key } = await admin.call<{ tenant: { tenantId: string }; key: string }>('tenant.create', {
      name: 'Late',
    })
    const { tenantId } = tenant
    await admin.call('tenant.suspend', { tenantId })
    await expect(opened(key)).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('suspended'),
    })
    await admin.call('tenant.resume', { tenantId })
    expect(await opened(key)).toMatchObject({ tenantId })
    await expect(admin.call('tenant.suspend', { tenantId: admin.principalId })).rejects.toMatchObject({
      code: 'not_found',
    })
  })
})

function issue(input: object): Promise<Issued> {
  return admin.call<Issued>('key.issue', input)
}

/** Ask the database, past the trust of a second that a server has. */
function opened(key: string) {
  return authenticate(caliber.sessions, key)
}

async function as(key: string): Promise<TestPrincipal> {
  return callsAs(await opened(key), caliber.runtime)
}
