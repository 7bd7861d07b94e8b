import { afterAll, beforeAll, expect, test } from 'vitest'
import { limits } from '../domain/limits.ts'
import { sweepTenant } from './tenant/sweep.ts'
import { type TestCaliber, type TestTenant, testCaliber } from './testing/tenant.ts'

let caliber: TestCaliber
let tenant: TestTenant

beforeAll(async () => {
  caliber = await testCaliber()
  tenant = await caliber.tenant()
})
afterAll(() => caliber.close())

test('a sweep deletes what has outlived its time, says so in the log, and otherwise says nothing', async () => {
  await tenant.call('note.record', { subject: 's', content: 'c' }, 'key-1')
  const { windowId } = await tenant.call<{ windowId: string }>('context.assemble', { query: 's' })
  await expect.poll(() => caliber.admin`select 1 from caliber.context_window`).toHaveLength(1)
  expect(await sweepTenant(caliber.sessions, tenant.tenantId)).toBe(0)

  await caliber.admin`update caliber.idempotency set expires_at = now() - interval '1 second'`
  await caliber.admin`update caliber.context_window set created_at = now() - make_interval(days => ${limits.windowRetentionDays + 1})`
  expect(await sweepTenant(caliber.sessions, tenant.tenantId)).toBe(2)
  const { items } = await tenant.call<{ items: { kind: string; data: unknown }[] }>('event.since', {})
  expect(items.at(-1)).toMatchObject({ kind: 'sweep.ran', data: { answers: 1, windows: 1 } })
  await expect(tenant.call('context.explain', { windowId })).rejects.toMatchObject({ code: 'not_found' })
})

test('of more windows than are kept the oldest go', async () => {
  const own = await caliber.tenant()
  await caliber.admin`
    insert into caliber.context_window (tenant_id, id, record, created_at)
    select ${own.tenantId}, lpad(to_hex(i), 64, '0'), '\\x', now() - make_interval(secs => i)
    from generate_series(1, ${limits.windowsKept + 5}) as i`
  expect(await sweepTenant(caliber.sessions, own.tenantId)).toBe(5)
})
