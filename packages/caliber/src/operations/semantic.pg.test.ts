/** Search by meaning over a real database: vectors arrive behind the writes, are kept, and a model that fails harms nothing. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openVectorStore } from '../derive/embeddings/vectorStore.ts'
import { textDigest } from '../derive/textDigest.ts'
import type { KeptWindow } from '../domain/context/window.ts'
import { CaliberError } from '../domain/errors.ts'
import { createRuntime } from '../local/runtime.ts'
import type { Embedder } from '../models/embedder.ts'
import { callsAs, type TestCaliber, type TestPrincipal, type TestTenant, testCaliber } from './testing/tenant.ts'

/** Meaning, for these tests: what a text is about. Everything else lies in a direction of its own. */
const themes = [/deploy|ship|release/i, /pet|dog|cat|puppy/i, /food|dinner|noodles/i]
let asked: string[] = []
let isAway = false
let refuses: RegExp | undefined
const embedder: Embedder = {
  model: 'themes',
  dimensions: themes.length + 1,
  async embed(texts) {
    asked.push(...texts)
    if (isAway) throw new CaliberError('unavailable', 'The model is away.')
    if (texts.some((text) => refuses?.test(text))) throw new CaliberError('invalid_input', 'The model refused a text.')
    return texts.map((text) => {
      const vector = Float32Array.from([...themes.map((theme) => (theme.test(text) ? 1 : 0)), 0.2])
      const length = Math.hypot(...vector)
      return vector.map((value) => value / length)
    })
  },
}

interface Hits {
  readonly items: readonly { id: string; text: string; score: number; signals: Record<string, number> }[]
  readonly semantic?: string
  readonly eventSeq: number
}

let caliber: TestCaliber
/** How far the clock is ahead. */
let aheadMs = 0
beforeAll(async () => {
  caliber = await testCaliber({ embedder, now: () => new Date(Date.now() + aheadMs) })
})
afterAll(() => caliber.close())

test('what shares no word with the question is found by its meaning, with the score of each signal', async () => {
  const tenant = await filled()
  const { items } = await searched(tenant, 'puppy')
  expect(items[0]?.text).toContain('Our dog')
  expect(items[0]?.signals).toEqual({ semantic: expect.any(Number), fused: items[0]?.score })
  const both = await searched(tenant, 'where do we deploy')
  expect(both.items[0]?.signals).toEqual({
    lexical: expect.any(Number),
    semantic: expect.any(Number),
    fused: both.items[0]?.score,
  })
  const window = await tenant.call<KeptWindow>('context.assemble', { query: 'puppy', budgetTokens: 300 })
  expect(window.receipt.semantic).toEqual({
    model: 'themes/4',
    coverage: 'full',
    vectors: expect.stringMatching(/^[0-9a-f]{16}$/),
  })
  expect(window.receipt.verdicts[0]?.signals).toEqual({ ...items[0]?.signals, rank: 1 })
  expect(await tenant.call('context.explain', { windowId: window.windowId })).toEqual(window)
})

test('a process that starts again asks the model for nothing but the question, and answers the same', async () => {
  const tenant = await filled()
  const before = await searched(tenant, 'puppy')
  asked = []
  const again = await createRuntime(caliber.sessions, { embedder })
  try {
    const same = callsAs({ ...tenant, rights: ['read'] }, again)
    expect(await searched(same, 'puppy')).toEqual(before)
    expect(asked).toEqual(['puppy'])
  } finally {
    await again.close()
  }
})

test('a window that meaning took part in is replayed from the vectors that are kept', async () => {
  const tenant = await filled()
  await searched(tenant, 'puppy')
  const window = await tenant.call<KeptWindow>('context.assemble', { query: 'puppy', budgetTokens: 300 })
  await tenant.call('note.record', { subject: 'kitten', content: 'A cat came later.' })
  await searched(tenant, 'cat')
  asked = []
  expect(await tenant.call('context.replay', { windowId: window.windowId })).toEqual({
    isSame: true,
    changes: [],
    window,
  })
  expect(asked).toEqual([])
})

test('two processes that compute the same vector keep one', async () => {
  const tenant = await caliber.tenant()
  await tenant.call('note.record', { subject: 'twice', content: 'the same dog' })
  const other = await createRuntime(caliber.sessions, { embedder })
  try {
    await Promise.all([searched(tenant, 'dog'), searched(callsAs({ ...tenant, rights: ['read'] }, other), 'dog')])
  } finally {
    await other.close()
  }
  expect(await stored(tenant)).toBe(1)
})

test('a model that is away delays meaning and nothing else', async () => {
  const tenant = await caliber.tenant()
  isAway = true
  try {
    await tenant.call('note.record', { subject: 'away', content: 'a dog nobody embeds' })
    const { items, semantic } = await tenant.call<Hits>('memory.search', { query: 'dog of nobody' })
    expect(semantic).toBe('off')
    expect(items[0]?.signals).toEqual({ lexical: items[0]?.score })
    const { receipt } = await tenant.call<KeptWindow>('context.assemble', { query: 'dog of nobody again' })
    expect(receipt.semantic?.coverage).toBe('off')
    expect(receipt.totals.included).toBe(1)
  } finally {
    isAway = false
  }
  expect((await tenant.call<Hits>('memory.search', { query: 'dog' })).semantic).toBe('off')
  aheadMs += 10_000
  expect((await tenant.call<Hits>('memory.search', { query: 'dog' })).semantic).not.toBe('off')
})

test('a text that the model refuses goes without a vector; the others get theirs', async () => {
  refuses = /unspeakable/
  try {
    const tenant = await caliber.tenant()
    for (const content of ['a cat', 'an unspeakable thing', 'noodles for dinner']) {
      await tenant.call('note.record', { subject: 'x', content })
    }
    await searched(tenant, 'pet')
    expect(await stored(tenant)).toBe(2)
    expect((await searched(tenant, 'thing')).items[0]?.text).toContain('unspeakable')
  } finally {
    refuses = undefined
  }
})

test('what was retracted, and what lies in a region that is not open, is not found by meaning either', async () => {
  const tenant = await filled()
  const { noteId } = await tenant.call<{ noteId: string }>('note.record', {
    subject: 'cat',
    content: 'the cat moved in',
  })
  const { regionId } = await tenant.call<{ regionId: string }>('region.create', { name: 'mine', kind: 'private' })
  await tenant.call('note.record', { subject: 'secret', content: 'a hidden puppy', regionId })
  expect((await searched(tenant, 'pet')).items).toHaveLength(3)
  const before = await tenant.call<KeptWindow>('context.assemble', { query: 'pet' })
  await tenant.call('note.retract', { noteId, version: 1, reason: 'wrong' })
  expect((await searched(tenant, 'pet')).items.map(({ text }) => text)).not.toContain('cat: the cat moved in')
  const after = await tenant.call<KeptWindow>('context.assemble', { query: 'pet' })
  expect(after.receipt.semantic?.vectors).not.toBe(before.receipt.semantic?.vectors)
  const member = await tenant.member(['read'])
  const seen = await searched(member, 'pet')
  expect(seen.items.map(({ text }) => text)).toEqual([expect.stringContaining('Our dog')])
  // Nor does what is hidden move the scores of what is open.
  expect(seen.items[0]?.signals['fused']).toBeCloseTo(1 / 3, 12)
})

test('without an embedding model an answer says nothing of meaning', async () => {
  const tenant = await filled()
  const plain = await createRuntime(caliber.sessions)
  try {
    const same = callsAs({ ...tenant, rights: ['read'] }, plain)
    const answer = await same.call<Hits>('memory.search', { query: 'deploy' })
    expect(Object.keys(answer)).toEqual(['items', 'eventSeq'])
    expect(answer.items[0]?.signals).toEqual({ lexical: answer.items[0]?.score })
    const { receipt } = await same.call<KeptWindow>('context.assemble', { query: 'deploy' })
    expect(receipt).not.toHaveProperty('semantic')
  } finally {
    await plain.close()
  }
})

test('what is forgotten leaves no vector and takes none of others, and one that was under way then is not kept', async () => {
  const tenant = await filled()
  await tenant.call('note.record', { subject: 'lunch', content: 'noodles' })
  const { items, eventSeq } = await searched(tenant, 'puppy')
  const before = await stored(tenant)
  const itemId = items[0]?.id ?? ''
  const vectorsOf = () => caliber.admin`select 1 from caliber.embedding where item_id = ${itemId}`
  expect(await vectorsOf()).toHaveLength(1)
  await tenant.call('memory.forget', { items: [itemId], reason: 'asked for' })
  expect(await vectorsOf()).toHaveLength(0)
  expect(await stored(tenant)).toBe(before - 1)
  const left = await searched(tenant, 'ship')
  expect(left.items.map(({ text }) => text)).toEqual([expect.stringContaining('Stockholm')])
  const late = openVectorStore(caliber.sessions, 'themes', 1)
  const vectors = new Map([[textDigest('the dog'), { itemId, vector: Float32Array.of(1) }]])
  await expect(late.keep(tenant.tenantId, vectors, eventSeq)).rejects.toMatchObject({ code: 'conflict' })
  await late.keep(tenant.tenantId, vectors, left.eventSeq)
  expect(await vectorsOf()).toHaveLength(1)
})

test('notes are filtered by level and confidence', async () => {
  const tenant = await caliber.tenant()
  await tenant.call('note.record', { subject: 'deploy', content: 'raw', confidence: 0.4 })
  await tenant.call('note.record', { subject: 'deploy', content: 'summed up', level: 'summary', confidence: 0.9 })
  const texts = async (filter: object) => {
    const { items } = await tenant.call<Hits>('memory.search', { query: 'deploy', ...filter })
    return items.map(({ text }) => text)
  }
  expect(await texts({ level: 'summary' })).toEqual(['deploy: summed up'])
  expect(await texts({ minConfidence: 0.4 })).toHaveLength(2)
  expect(await texts({ minConfidence: 0.5 })).toEqual(['deploy: summed up'])
})

async function filled(): Promise<TestTenant> {
  const tenant = await caliber.tenant()
  const { trajectoryId } = await tenant.call<{ trajectoryId: string }>('trajectory.start', { name: 't' })
  const { scopeId } = await tenant.call<{ scopeId: string }>('scope.open', { trajectoryId, name: 's' })
  const other = await tenant.call<{ scopeId: string }>('scope.open', { trajectoryId, name: 'other' })
  const said = (content: string) => ({ role: 'user', content })
  await tenant.call('turn.append', { scopeId, turns: [said('We deploy to Stockholm.')] })
  await tenant.call('turn.append', { scopeId: other.scopeId, turns: [said('Our dog sleeps all day.')] })
  return tenant
}

/** Search once every item has its vector. */
async function searched(tenant: TestPrincipal, query: string): Promise<Hits> {
  return vi.waitFor(async () => {
    const hits = await tenant.call<Hits>('memory.search', { query })
    expect(hits.semantic).toBe('full')
    return hits
  })
}

async function stored({ tenantId }: TestTenant): Promise<number> {
  const [row] = await caliber.admin<{ count: number }[]>`
    select count(*)::int as count from caliber.embedding where tenant_id = ${tenantId}`
  return row?.count ?? 0
}
