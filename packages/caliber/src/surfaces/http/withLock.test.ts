/** The client's `withLock` against a real server: it holds, renews, notices the loss, and lets go. */
import { connect, withLock } from '@caliber/client'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type TestCaliber, type TestTenant, testCaliber } from '../../operations/testing/tenant.ts'
import { createHttpApp } from './app.ts'
import { listenOn } from './listen.ts'

let caliber: TestCaliber
let tenant: TestTenant
let app: FastifyInstance
let client: ReturnType<typeof connect>
let regionId: string

beforeAll(async () => {
  caliber = await testCaliber()
  tenant = await caliber.tenant()
  app = await createHttpApp({ ...caliber.runtime, log: false })
  client = connect({ url: await listenOn(app, { host: '127.0.0.1', port: 0 }), key: tenant.key })
})
afterAll(async () => {
  await app.close()
  await caliber.close()
})
beforeEach(async () => {
  ;({ regionId } = await client.region.create({ name: 'board', kind: 'collaborative' }))
})

const held = async () => (await client.lock.list({ regionId })).items.length

test('the work writes under its fence, and the lock is free afterwards', async () => {
  const noteId = await withLock(client, { regionId }, async ({ fences, fence }) => {
    expect(fences).toEqual([`${regionId}:${fence}`])
    await expect(client.note.record({ subject: 's', content: 'without', regionId })).rejects.toMatchObject({
      code: 'fence_stale',
    })
    return (await client.note.record({ subject: 's', content: 'with', regionId }, { fences })).noteId
  })
  expect(await client.note.get({ noteId })).toMatchObject({ content: 'with' })
  expect(await held()).toBe(0)
})

test('the lock is free after work that throws, and the error is the one of the work', async () => {
  const broken = new Error('broken')
  await expect(withLock(client, { regionId }, () => Promise.reject(broken))).rejects.toBe(broken)
  expect(await held()).toBe(0)
})

test('a lease is extended for as long as the work takes', async () => {
  await withLock(client, { regionId, ttlMs: 3_000 }, async ({ signal }) => {
    const [first] = (await client.lock.list({ regionId })).items
    await expect
      .poll(async () => (await client.lock.list({ regionId })).items[0]?.until ?? '', { timeout: 20_000, interval: 20 })
      .not.toBe(first?.until)
    expect(signal.aborted).toBe(false)
  })
})

test('a lease that is lost aborts the work, and its writes are refused', async () => {
  const work = withLock(client, { regionId, ttlMs: 1_500 }, async ({ signal, fences }) => {
    await caliber.admin`update caliber.lock set until = '-infinity' where region_id = ${regionId}`
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
    await client.note.record({ subject: 's', content: 'too late', regionId }, { fences })
  })
  await expect(work).rejects.toMatchObject({ code: 'fence_stale' })
  expect(await client.memory.search({ query: 'late' })).toMatchObject({ items: [] })
})

test('who comes second waits as long as it says, or is told who holds it', async () => {
  await withLock(client, { regionId }, async () => {
    await expect(withLock(client, { regionId }, async () => 'second')).rejects.toMatchObject({ code: 'lock_held' })
  })
  const order: string[] = []
  const first = withLock(client, { regionId, waitMs: 20_000 }, async () => void order.push('first'))
  const second = withLock(client, { regionId, waitMs: 20_000 }, async () => void order.push('second'))
  await Promise.all([first, second])
  expect(order).toHaveLength(2)
})
