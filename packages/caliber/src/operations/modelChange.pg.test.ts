/** Another embedding model takes the place of one, over two real servers: meaning ranks all the while, by one model at a time. */
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import type { KeptWindow } from '../domain/context/window.ts'
import { createRuntime, type Runtime, type RuntimeOptions } from '../local/runtime.ts'
import { openAiEmbedder } from '../models/openAiEmbedder.ts'
import { type EmbeddingServer, embeddingServer, type Fault } from '../models/testing/embeddingServer.ts'
import { callsAs, type TestCaliber, type TestPrincipal, type TestTenant, testCaliber } from './testing/tenant.ts'

interface Hits {
  readonly items: readonly { id: string; text: string; score: number; signals: Record<string, number> }[]
  readonly semantic?: string
}

interface Status {
  readonly items: number
  readonly models: readonly { readonly model: string; readonly done: number }[]
}

/** More than are embedded at once, so that there is a middle. */
const turns = 150
const query = 'what was said of number 7'
const [before, after] = ['before/8', 'after/12']

let caliber: TestCaliber
let old: EmbeddingServer
let young: EmbeddingServer
beforeAll(async () => {
  caliber = await testCaliber()
})
afterAll(() => caliber.close())
beforeEach(async () => {
  const servers = await Promise.all([embeddingServer(8), embeddingServer(12)])
  ;[old, young] = servers
  return async () => {
    await Promise.all(servers.map((server) => server.close()))
  }
})

test('until the new model is complete the one before ranks, new items included; then the new one alone does', async () => {
  const { tenant, hits } = await filled()
  const open = hold()
  await inChange(async (runtime) => {
    const now = as(tenant, runtime)
    await untilStatus(now, [after, 128], [before, turns])
    expect(await ranked(now, before)).toEqual(hits)
    await now.call('note.record', { subject: 'late', content: 'a word about number 7 that came late' })
    await untilStatus(now, [after, 128], [before, turns + 1])
    expect((await ranked(now, before)).items.find(({ text }) => text.includes('late'))?.signals).toHaveProperty(
      'semantic',
    )

    const window = await now.call<KeptWindow>('context.assemble', { query, budgetTokens: 400 })
    expect(window.receipt.semantic).toMatchObject({ model: before, coverage: 'full' })
    open()
    await untilStatus(now, [after, turns + 1])
    const changed = await ranked(now, after)
    expect(changed.semantic).toBe('full')
    // Only the new model is asked from now on, but for what the one before ranked.
    old.requests.length = 0
    await now.call('memory.search', { query: 'another question' })
    expect(old.requests).toEqual([])
    expect(await replayed(now, window)).toEqual({ isSame: true, model: before })
    // What if the new one had ranked, or none, or one that nobody has.
    const { windowId } = window
    const varied = (model: string | null) => now.call<{ window: KeptWindow }>('context.vary', { windowId, model })
    const { window: other } = await varied(after)
    expect(other.receipt.semantic).toMatchObject({ model: after, coverage: 'full' })
    expect(other.receipt.eventSeq).toBe(window.receipt.eventSeq)
    expect((await varied(before)).window.text).toBe(window.text)
    expect((await varied(null)).window.receipt.semantic).toMatchObject({ coverage: 'off' })
    await expect(varied('elsewhere/8')).rejects.toMatchObject({ code: 'invalid_input' })

    await during({ embedder: embedderAt(young, after) }, async (only) => {
      const alone = as(tenant, only)
      await untilStatus(alone, [after, turns + 1])
      expect(await ranked(alone, after)).toEqual(changed)
      expect(await replayed(alone, window)).toEqual({ isSame: false, model: after })
    })
  })
})

test('a process that is stopped in the middle and starts again asks no model for what is kept', async () => {
  const { tenant, hits } = await filled()
  const open = hold()
  await inChange(async (runtime) => {
    await untilStatus(as(tenant, runtime), [after, 128], [before, turns])
    // What is asked for and not answered when it stops.
    await vi.waitFor(() => expect(young.requests).toHaveLength(3))
  })
  const kept = new Set(young.requests.filter((_, i) => i < 2).flatMap(({ texts }) => texts))
  expect(kept.size).toBe(128)
  old.requests.length = 0
  young.requests.length = 0
  await inChange(async (runtime) => {
    const now = as(tenant, runtime)
    await untilStatus(now, [after, 128], [before, turns])
    expect(await ranked(now, before)).toEqual(hits)
    open()
    await untilStatus(now, [after, turns])
    await ranked(now, after)
  })
  expect(new Set(old.requests.flatMap(({ texts }) => texts))).toEqual(new Set([query]))
  const asked = young.requests.flatMap(({ texts }) => texts)
  expect(asked.filter((text) => kept.has(text))).toEqual([])
  expect(asked.filter((text) => text !== query)).toHaveLength(turns - 128)

  old.requests.length = 0
  young.requests.length = 0
  await inChange(async (runtime) => {
    await untilStatus(as(tenant, runtime), [after, turns])
    await ranked(as(tenant, runtime), after)
  })
  expect([old.requests, young.requests.flatMap(({ texts }) => texts)]).toEqual([[], [query]])
})

test('while the model before is away, the vectors that the new one has made so far rank', async () => {
  const { tenant } = await filled()
  hold()
  await inChange(async (runtime) => {
    const now = as(tenant, runtime)
    await untilStatus(now, [after, 128], [before, turns])
    old.fail(...Array.from({ length: 9 }, (): Fault => (response) => response.writeHead(401).end()))
    expect((await ranked(now, after)).semantic).toBe('partial')
  })
})

test('a tenant that has no vectors of the model before never asks it', async () => {
  const tenant = await caliber.tenant()
  await inChange(async (runtime) => {
    const now = as(tenant, runtime)
    await now.call('note.record', { subject: 'first', content: 'of number 7' })
    await untilStatus(now, [after, 1])
    await ranked(now, after)
  })
  expect(old.requests).toEqual([])
})

test('what a credential may not read is not counted for it', async () => {
  const tenant = await caliber.tenant()
  const { regionId } = await tenant.call<{ regionId: string }>('region.create', { name: 'mine', kind: 'private' })
  await tenant.call('note.record', { subject: 'secret', content: 'hidden', regionId })
  await tenant.call('note.record', { subject: 'open', content: 'to all' })
  expect((await tenant.call<Status>('memory.status', {})).items).toBe(2)
  const member = await tenant.member(['read'])
  expect(await member.call('memory.status', {})).toMatchObject({ items: 1, models: [] })
})

function embedderAt({ baseUrl }: EmbeddingServer, space: string) {
  const [model = '', dimensions] = space.split('/')
  return openAiEmbedder({ baseUrl, model, dimensions: Number(dimensions) })
}

async function during<T>(options: RuntimeOptions, work: (runtime: Runtime) => Promise<T>): Promise<T> {
  const runtime = await createRuntime(caliber.sessions, options)
  try {
    return await work(runtime)
  } finally {
    await runtime.close()
  }
}

function inChange<T>(work: (runtime: Runtime) => Promise<T>): Promise<T> {
  return during({ embedder: embedderAt(young, after), previousEmbedder: embedderAt(old, before) }, work)
}

/** A tenant whose turns have their vectors of the first model, and what it finds by them. */
async function filled(): Promise<{ tenant: TestTenant; hits: Hits }> {
  const tenant = await caliber.tenant()
  const { trajectoryId } = await tenant.call<{ trajectoryId: string }>('trajectory.start', { name: 't' })
  const { scopeId } = await tenant.call<{ scopeId: string }>('scope.open', { trajectoryId, name: 's' })
  const said = Array.from({ length: turns }, (_, i) => ({ role: 'user', content: `turn number ${i}` }))
  await tenant.call('turn.append', { scopeId, turns: said.slice(0, 75) })
  await tenant.call('turn.append', { scopeId, turns: said.slice(75) })
  return during({ embedder: embedderAt(old, before) }, async (runtime) => {
    await untilStatus(as(tenant, runtime), [before, turns])
    return { tenant, hits: await ranked(as(tenant, runtime), before) }
  })
}

/** Keep the new model from being complete: its last batch waits. @returns what lets it go on */
function hold(): () => void {
  let open = () => {}
  young.hold(
    /number 149/,
    new Promise((resolve) => {
      open = resolve
    }),
  )
  return open
}

const as = (tenant: TestTenant, runtime: Runtime) => callsAs({ ...tenant, rights: ['read', 'write'] }, runtime)

async function untilStatus(by: TestPrincipal, ...models: readonly (readonly [string, number])[]): Promise<void> {
  await vi.waitFor(async () => {
    const status = await by.call<Status>('memory.status', {})
    expect(status.models).toEqual(models.map(([model, done]) => ({ model, done, vectors: 'memory' })))
  }, 20_000)
}

async function replayed(by: TestPrincipal, { windowId }: KeptWindow) {
  const { isSame, window } = await by.call<{ isSame: boolean; window: KeptWindow }>('context.replay', { windowId })
  return { isSame, model: window.receipt.semantic?.model }
}

/** What is found, once by that model. */
async function ranked(by: TestPrincipal, model: string): Promise<Hits> {
  const { receipt } = await by.call<KeptWindow>('context.assemble', { query, budgetTokens: 400 })
  expect(receipt.semantic).toMatchObject({ model, coverage: expect.stringMatching(/full|partial/) })
  const { items, semantic } = await by.call<Hits>('memory.search', { query })
  return { items, ...(semantic !== undefined && { semantic }) }
}
