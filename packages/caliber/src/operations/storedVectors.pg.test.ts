/** Memories that leave their vectors in the database, beside ones that hold them: the same answers, and the same walls. */
import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { Slots } from '../derive/vector/slots.ts'
import { openStoredVectors, type StoredVectors } from '../derive/vector/storedVectors.ts'
import { VectorIndex } from '../derive/vector/vectorIndex.ts'
import type { KeptWindow } from '../domain/context/window.ts'
import type { PrincipalId, RegionId, TenantId } from '../domain/ids.ts'
import { limits } from '../domain/limits.ts'
import { createRuntime, type Runtime } from '../local/runtime.ts'
import type { Embedder } from '../models/embedder.ts'
import { hashVector } from '../models/testing/hashVector.ts'
import { sweepTenant } from './sweep/sweepTenants.ts'
import { type Embedded, embeddedWithVectors } from './testing/embedded.ts'
import { callsAs, makeTenant, type TestPrincipal, type TestTenant, testCaliber } from './testing/tenant.ts'

const dimensions = 24
let asked: string[] = []
const embedder: Embedder = {
  model: 'words',
  dimensions,
  async embed(texts) {
    asked.push(...texts)
    return texts.map((text) => hashVector(text, dimensions))
  },
}

interface Hits {
  readonly items: readonly { id: string; text: string; score: number; signals: Record<string, number> }[]
  readonly semantic?: string
  readonly eventSeq: number
}

let embedded: Embedded
/** Keeps every vector in the database. */
let outside: Runtime
/** Keeps every vector in memory. */
let inside: Runtime
beforeAll(async () => {
  embedded = await embeddedWithVectors()
  outside = await createRuntime(embedded.sessions, { embedder, vectorBytes: 0 })
  inside = await createRuntime(embedded.sessions, { embedder })
})
afterAll(async () => {
  await outside.close()
  await inside.close()
  await embedded.database.close()
})

test('where its vectors lie changes no answer of a memory beyond the rounding of 32-bit floats', async () => {
  const tenant = await tenantOf()
  const { regionId } = await tenant.call<{ regionId: string }>('region.create', { name: 'own', kind: 'private' })
  const { trajectoryId } = await tenant.call<{ trajectoryId: string }>('trajectory.start', { name: 't' })
  const { scopeId } = await tenant.call<{ scopeId: string }>('scope.open', { trajectoryId, name: 's' })
  const texts = fc.sample(text, { numRuns: 160, seed: 7 })
  for (const [i, content] of texts.entries()) {
    if (i % 4 === 0) await tenant.call('turn.append', { scopeId, turns: [{ role: 'user', content }] })
    else if (i % 4 === 1) await tenant.call('note.record', { subject: 'x', content, regionId })
    else await tenant.call('note.record', { subject: 'y', content, confidence: (i % 10) / 10 })
  }
  const member = await tenant.member(['read'])
  const pairs = [tenant, member].map((each) => [each, elsewhere(each, inside)] as const)
  for (const pair of pairs) for (const each of pair) await searched(each, 'harbour')
  await fc.assert(
    fc.asyncProperty(text, filter, fc.nat(1), async (query, filters, who) => {
      const [out, within] = pairs[who] ?? [tenant, tenant]
      const limit = 20
      const [found, expected] = [
        await searched(out, query, { ...filters, limit }),
        await searched(within, query, { ...filters, limit }),
      ]
      expectSame(found, expected)
      const request = { query, budgetTokens: 400 }
      const [window, same] = [
        await out.call<KeptWindow>('context.assemble', request),
        await within.call<KeptWindow>('context.assemble', request),
      ]
      expect(window.receipt.semantic).toEqual(same.receipt.semantic)
      expect(window.text).toBe(same.text)
    }),
    { numRuns: 40 },
  )
  expect(await places(tenant)).toEqual(['database'])
  expect(await places(elsewhere(tenant, inside))).toEqual(['memory'])
})

test('the database compares as an index in memory does: the nearest, the mean, and whatever is asked for besides', async () => {
  await expectComparisons(await tenantOf(), openStoredVectors(embedded.sessions, { schema: 'public' }))
})

test('the driver of servers asks the same, of a stand-in for pgvector in a schema with a name that needs quotes', async () => {
  const plain = await testCaliber()
  try {
    await plain.admin.unsafe(standIn)
    await expectComparisons(await plain.tenant(), openStoredVectors(plain.sessions, { schema: '"Stand in"' }))
  } finally {
    await plain.close()
  }
})

test('negative control: without what the database found, meaning takes no part', async () => {
  const tenant = await filled()
  const { items } = await searched(tenant, 'a puppy')
  expect(items.every(({ signals }) => 'semantic' in signals)).toBe(true)
  await embedded.database.transaction(
    (sql) => sql`delete from caliber.item_vector where tenant_id = ${tenant.tenantId}`,
  )
  expect((await searched(tenant, 'dog')).items[0]?.signals).toEqual({
    lexical: expect.any(Number),
    fused: expect.any(Number),
  })
})

test('a process that starts again asks the model for nothing but the question, and answers the same', async () => {
  const tenant = await filled()
  const before = await searched(tenant, 'puppy')
  asked = []
  const again = await createRuntime(embedded.sessions, { embedder, vectorBytes: 0 })
  try {
    expect(await searched(elsewhere(tenant, again), 'puppy')).toEqual(before)
    expect(asked).toEqual(['puppy'])
  } finally {
    await again.close()
  }
})

test('a window is replayed and varied from the vectors that are kept, whatever came since', async () => {
  const tenant = await filled()
  await searched(tenant, 'puppy')
  const window = await tenant.call<KeptWindow>('context.assemble', { query: 'puppy', budgetTokens: 300 })
  expect(await tenant.call('context.replay', { windowId: window.windowId })).toMatchObject({ isSame: true, window })
  await tenant.call('note.record', { subject: 'kitten', content: 'A cat came later.' })
  await searched(tenant, 'cat')
  asked = []
  expect(await tenant.call('context.replay', { windowId: window.windowId })).toEqual({
    isSame: true,
    changes: [],
    window,
  })
  const varied = await tenant.call<{ isSame: boolean; window: KeptWindow }>('context.vary', {
    windowId: window.windowId,
    budgetTokens: 299,
  })
  expect(varied.window.text).toBe(window.text)
  expect(asked).toEqual([])
})

test('a memory that outgrows what it may hold moves its vectors, and one that has them there grows on', async () => {
  const tenant = await tenantOf()
  const growing = await createRuntime(embedded.sessions, { embedder, vectorBytes: 3 * dimensions * 4 })
  try {
    const there = elsewhere(tenant, growing)
    const record = (content: string) => there.call('note.record', { subject: 'n', content })
    for (const content of ['a harbour', 'a crane', 'a ferry']) await record(content)
    const before = await searched(there, 'a boat')
    expect(await places(there)).toEqual(['memory'])
    await record('a tide')
    const after = await searched(there, 'a boat')
    expect(await places(there)).toEqual(['database'])
    expect(after.items.map(({ text }) => text)).toEqual(expect.arrayContaining(before.items.map(({ text }) => text)))
    await record('a lighthouse')
    expect((await searched(there, 'a lighthouse')).items[0]?.text).toContain('lighthouse')
    expectSame(await searched(there, 'a boat'), await searched(elsewhere(tenant, inside), 'a boat'))
  } finally {
    await growing.close()
  }
})

test('while one model follows another, both lie in the database and one of them ranks', async () => {
  const tenant = await filled()
  await searched(tenant, 'dog')
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const next: Embedder = {
    model: 'next',
    dimensions: 16,
    async embed(texts) {
      if (texts.some((each) => each.includes('sleeps'))) await released
      return texts.map((each) => hashVector(each, 16))
    },
  }
  const changing = await createRuntime(embedded.sessions, {
    embedder: next,
    previousEmbedder: embedder,
    vectorBytes: 0,
  })
  try {
    const there = elsewhere(tenant, changing)
    const before = await searched(tenant, 'dog')
    await vi.waitFor(async () => {
      const found = await there.call<Hits>('memory.search', { query: 'dog' })
      expect(found.items).toEqual(before.items)
    })
    expect(await places(there)).toEqual(['database', 'database'])
    release()
    await vi.waitFor(async () => expect(await places(there)).toEqual(['database']))
    const after = await searched(there, 'dog')
    expect(after.items.map(({ id }) => id)).toEqual(before.items.map(({ id }) => id))
    expect(after.items[0]?.signals['semantic']).not.toBe(before.items[0]?.signals['semantic'])
  } finally {
    release()
    await changing.close()
  }
})

test('what is forgotten leaves no vector, is not near anything, and one that was under way then is not kept', async () => {
  const tenant = await filled()
  const { items, eventSeq } = await searched(tenant, 'the dog sleeps')
  const dog = items.find(({ text }) => text.includes('dog'))?.id ?? ''
  const kept = await rows(tenant)
  expect(await rows(tenant, dog)).toBe(1)
  const { receipts } = await tenant.call<{ receipts: { receiptId: string }[] }>('memory.forget', {
    items: [dog],
    reason: 'asked for',
  })
  expect([await rows(tenant, dog), await rows(tenant)]).toEqual([0, kept - 1])
  const residue = await tenant.call('memory.residue', {
    receiptId: receipts[0]?.receiptId,
    words: 'sleeps all day',
  })
  expect(residue).toEqual({ residue: 0, places: [] })
  const left = await searched(tenant, 'Our dog sleeps all day.')
  expect(left.items.map(({ id }) => id)).not.toContain(dog)
  const stored = openStoredVectors(embedded.sessions, { schema: 'public' })
  const late = [
    {
      itemId: dog,
      digest: '00'.repeat(32),
      regionId: tenant.tenantId as RegionId,
      vector: hashVector('dog', dimensions),
    },
  ]
  const tenantId = tenant.tenantId as TenantId
  await expect(stored.keep(tenantId, `words/${dimensions}`, late, eventSeq)).rejects.toMatchObject({ code: 'conflict' })
  expect(await rows(tenant, dog)).toBe(0)
  // Negative control: read after the forgetting, it would be kept.
  expect((await stored.keep(tenantId, `words/${dimensions}`, late, left.eventSeq)).has(dog)).toBe(true)
})

test('what is in quarantine, retracted or no longer said is not found by meaning; what is restored is found again', async () => {
  const tenant = await filled()
  const { noteId } = await tenant.call<{ noteId: string }>('note.record', {
    subject: 'cat',
    content: 'the cat moved in',
  })
  const found = async (query: string) => (await searched(tenant, query)).items.map(({ id }) => id)
  expect(await found('a feline moved')).toContain(noteId)
  const { distrustId } = await tenant.call<{ distrustId: string }>('memory.revoke', {
    itemId: noteId,
    reason: 'forged',
  })
  expect(await rows(tenant, noteId)).toBe(1)
  expect(await found('the cat moved in')).not.toContain(noteId)
  await tenant.call('memory.restore', { distrustId })
  expect(await found('the cat moved in')).toContain(noteId)
  await tenant.call('note.retract', { noteId, reason: 'wrong' })
  expect(await found('the cat moved in')).not.toContain(noteId)

  const { trajectoryId } = await tenant.call<{ trajectoryId: string }>('trajectory.start', { name: 'plans' })
  const plan = { trajectoryId, type: 'plan', name: 'p' }
  const { artifactId } = await tenant.call<{ artifactId: string }>('artifact.put', {
    ...plan,
    content: 'paint the bridge',
  })
  const drafts = [await searched(tenant, 'bridge')]
  await tenant.call('artifact.put', { ...plan, content: 'sell the lighthouse', revision: 1 })
  drafts.push(await searched(tenant, 'bridge'))
  const cosines = drafts.map(({ items }) => items.find(({ id }) => id === artifactId)?.signals['semantic'] ?? 0)
  expect(cosines[0]).not.toBe(cosines[1])
  expectSame(drafts[1] as Hits, await searched(elsewhere(tenant, inside), 'bridge'))
  expect(await rows(tenant, artifactId)).toBe(2)
})

test('row security holds beside the mask: in the name of somebody, no row of a region that is closed to them takes part', async () => {
  const tenant = await filled()
  const { regionId } = await tenant.call<{ regionId: string }>('region.create', { name: 'mine', kind: 'private' })
  const { noteId } = await tenant.call<{ noteId: string }>('note.record', {
    subject: 's',
    content: 'a secret',
    regionId,
  })
  await searched(tenant, 'secret')
  const member = await tenant.member(['read'])
  expect((await searched(member, 'a secret')).items.map(({ id }) => id)).not.toContain(noteId)
  const stored = openStoredVectors(embedded.sessions, { schema: 'public' })
  const everything = {
    space: `words/${dimensions}`,
    question: hashVector('s: a secret', dimensions),
    mask: new Uint8Array(64).fill(255),
    limit: 1000,
    wanted: [noteId],
  }
  const as = (principal: TestPrincipal, reach: 'own' | 'all') => {
    const claims = { tenantId: tenant.tenantId as TenantId, principalId: principal.principalId as PrincipalId, reach }
    return stored.compare(claims, everything)
  }
  const [closed, open, all] = [await as(member, 'own'), await as(tenant, 'own'), await as(member, 'all')]
  expect(closed.cosines.has(noteId)).toBe(false)
  expect(open.cosines.get(noteId)).toBeCloseTo(1, 6)
  expect(all).toEqual(open)
  expect(closed.mean).not.toBe(open.mean)
  const stranger = await tenantOf()
  const foreign = { tenantId: stranger.tenantId as TenantId, principalId: stranger.principalId as PrincipalId }
  expect(await stored.compare({ ...foreign, reach: 'all' }, everything)).toEqual({ cosines: new Map(), mean: 0 })
})

test('a search while the memory goes on answers from one moment: what came and went meanwhile is looked at again', async () => {
  const tenant = await filled()
  await searched(tenant, 'puppy')
  const { items } = await tenant.call<Hits>('memory.search', { query: 'dog' })
  const dog = items.find(({ text }) => text.includes('dog'))?.id ?? ''
  const [, , late] = await Promise.all([
    tenant.call('memory.forget', { items: [dog], reason: 'asked for' }),
    tenant.call('note.record', { subject: 'n', content: 'a new dog' }),
    tenant.call<Hits>('memory.search', { query: 'dog' }),
  ])
  const after = await tenant.call<Hits>('memory.search', { query: 'dog', atLeastSeq: late.eventSeq })
  expect(after.items.map(({ id }) => id)).not.toContain(dog)
  expect(after.items.map(({ text }) => text)).toContain('n: a new dog')
})

test('two processes keep one row of an item, and find it in the same slot', async () => {
  const tenant = await tenantOf()
  for (let i = 0; i < 20; i += 1) await tenant.call('note.record', { subject: 'n', content: `fact ${i}` })
  const other = await createRuntime(embedded.sessions, { embedder, vectorBytes: 0 })
  try {
    const there = elsewhere(tenant, other)
    const answers = await Promise.all([searched(tenant, 'fact'), searched(there, 'fact')])
    expect(answers[1]).toEqual(answers[0])
    expect(await rows(tenant)).toBe(20)
    // What the other process wrote meanwhile has a slot that this one has never heard of.
    await there.call('note.record', { subject: 'n', content: 'one more' })
    await searched(there, 'more')
    expect((await searched(tenant, 'one more')).items[0]?.text).toBe('n: one more')
  } finally {
    await other.close()
  }
})

test('a sweep takes the vectors of notes that have ended and of models that nobody uses', async () => {
  const tenant = await tenantOf()
  const { noteId } = await tenant.call<{ noteId: string }>('note.record', { subject: 's', content: 'said in error' })
  await tenant.call('note.record', { subject: 's', content: 'said rightly' })
  await searched(tenant, 'said')
  await tenant.call('note.retract', { noteId, reason: 'wrong' })
  const sweep = (models: readonly string[]) =>
    sweepTenant(embedded.sessions, tenant.tenantId as TenantId, {
      models: { embeddings: models },
      signal: new AbortController().signal,
      newId: randomUUID,
    })
  const space = `words/${dimensions}`
  expect(await sweep([space])).toBe(0)
  await age(tenant, limits.derivedGraceDays + 1)
  // Its vector by text and the one by item.
  expect(await sweep([space])).toBe(2)
  expect([await rows(tenant), await rows(tenant, noteId)]).toEqual([1, 0])
  expect((await searched(tenant, 'said')).items).toHaveLength(1)
  await age(tenant, limits.derivedGraceDays + 1)
  expect(await sweep([])).toBe(2)
  expect(await rows(tenant)).toBe(0)
})

test('without pgvector a memory holds its vectors, however many', async () => {
  const plain = await testCaliber({ embedder, vectorBytes: 0 })
  try {
    const tenant = await plain.tenant()
    await tenant.call('note.record', { subject: 's', content: 'a dog' })
    expect((await searched(tenant, 'dog')).items[0]?.signals).toHaveProperty('semantic')
    expect(await places(tenant)).toEqual(['memory'])
  } finally {
    await plain.close()
  }
})

/** An inner product of texts, slow and exact: that is all of pgvector that a search uses. */
const standIn = `
  create schema "Stand in";
  grant usage on schema "Stand in" to caliber_app;
  create domain "Stand in".vector as text;
  create function "Stand in".negative_inner_product(text, text) returns float8 language sql immutable as $$
    select -sum(x * y) from unnest($1::float8[], translate($2, '[]', '{}')::float8[]) as pair (x, y) $$;
  grant execute on function "Stand in".negative_inner_product to caliber_app;
  create operator "Stand in".<#> (leftarg = text, rightarg = text, function = "Stand in".negative_inner_product)`

async function expectComparisons(tenant: TestTenant, stored: StoredVectors): Promise<void> {
  const tenantId = tenant.tenantId as TenantId
  const placed = fc.sample(fc.tuple(text, fc.nat()), { numRuns: 300, seed: 3 }).map(([content, i]) => ({
    itemId: randomUUID(),
    digest: i.toString(16).padStart(64, '0'),
    regionId: tenantId as unknown as RegionId,
    vector: hashVector(content, dimensions),
  }))
  const slots = await stored.keep(tenantId, 'space', placed, Number.MAX_SAFE_INTEGER)
  expect([...slots.values()].sort((a, b) => a - b)).toEqual(placed.map((_, i) => i))
  expect(await stored.find(tenantId, 'space', placed)).toEqual(slots)
  expect((await stored.find(tenantId, 'other space', placed)).size).toBe(0)
  // Of another model, in the same slots.
  await stored.keep(tenantId, 'other space', placed.slice(0, 9), Number.MAX_SAFE_INTEGER)
  const claims = { tenantId, principalId: tenant.principalId as PrincipalId }
  const index = new VectorIndex(dimensions)
  for (const [i, { vector }] of placed.entries()) index.add(i, vector)
  const held = new Slots()
  for (const [i, { itemId }] of placed.entries()) held.put(i, slots.get(itemId) ?? -1)
  const rankOf = new Map<string, number>(placed.map(({ itemId }, i) => [itemId, i]))
  const exactly = (itemId: string, question: Float32Array) => index.cosine(rankOf.get(itemId) ?? -1, question) ?? 0
  await fc.assert(
    fc.asyncProperty(text, fc.integer({ min: 1, max: 9 }), fc.nat(40), async (query, every, limit) => {
      const question = hashVector(query, dimensions)
      const accept = (i: number) => i % every === 0
      const expected = index.search(question, { limit, accept })
      const wanted = [placed[0], placed[1], placed[every * 3]].flatMap((each) => each?.itemId ?? [])
      const comparison = { space: 'space', question, mask: held.mask(accept), limit, wanted }
      const found = await stored.compare(claims, comparison)
      expect(found.mean).toBeCloseTo(expected.mean, 6)
      for (const [itemId, cosine] of found.cosines) {
        expect(accept(rankOf.get(itemId) ?? -1)).toBe(true)
        expect(cosine).toBeCloseTo(exactly(itemId, question), 6)
      }
      const nearest = [...found.cosines.values()].sort((a, b) => b - a).slice(0, expected.hits.length)
      for (const [i, { cosine }] of expected.hits.entries()) expect(nearest[i]).toBeCloseTo(cosine, 6)
      for (const itemId of wanted) expect(found.cosines.has(itemId)).toBe(accept(rankOf.get(itemId) ?? -1))
      expect(await stored.compare(claims, comparison)).toEqual(found)
    }),
    { numRuns: 40 },
  )
}

const words = ['harbour', 'crane', 'ferry', 'tide', 'pilot', 'berth', 'anchor', 'buoy', 'dock', 'sail', 'rope', 'mast']
// Few words, so that some texts are equal and so are their cosines. Each once and in one order: the same words otherwise
// have vectors that differ in their last digits, and which of two such goes first is a matter of rounding.
const text = fc
  .uniqueArray(fc.constantFrom(...words), { minLength: 1, maxLength: 5 })
  .map((chosen) => chosen.sort().join(' '))
const filter = fc.oneof(
  fc.constant({}),
  fc.constant({ kinds: ['turn'] }),
  fc.constant({ minConfidence: 0.5 }),
  fc.constant({ level: 'summary' }),
)

function expectSame(found: Hits, expected: Hits): void {
  expect(found.items.map(({ id }) => id)).toEqual(expected.items.map(({ id }) => id))
  for (const [i, { score, signals }] of found.items.entries()) {
    const other = expected.items[i]
    expect(score).toBeCloseTo(other?.score ?? 0, 5)
    expect(Object.keys(signals)).toEqual(Object.keys(other?.signals ?? {}))
    expect(signals['lexical']).toBe(other?.signals['lexical'])
    expect(signals['semantic'] ?? 0).toBeCloseTo(other?.signals['semantic'] ?? 0, 6)
  }
}

const tenantOf = () => makeTenant(embedded.sessions, outside)

function elsewhere({ tenantId, principalId }: TestPrincipal, runtime: Runtime): TestPrincipal {
  const principal = { tenantId: tenantId as TenantId, principalId: principalId as PrincipalId }
  return callsAs({ ...principal, rights: ['read', 'write'] }, runtime)
}

async function filled(): Promise<TestTenant> {
  const tenant = await tenantOf()
  const { trajectoryId } = await tenant.call<{ trajectoryId: string }>('trajectory.start', { name: 't' })
  const { scopeId } = await tenant.call<{ scopeId: string }>('scope.open', { trajectoryId, name: 's' })
  const said = (content: string) => ({ role: 'user', content })
  await tenant.call('turn.append', { scopeId, turns: [said('We deploy to Stockholm.')] })
  await tenant.call('turn.append', { scopeId, turns: [said('Our dog sleeps all day.')] })
  return tenant
}

/** Search once every item has its vector. */
async function searched(tenant: TestPrincipal, query: string, filters: object = {}): Promise<Hits> {
  return vi.waitFor(
    async () => {
      const hits = await tenant.call<Hits>('memory.search', { query, ...filters })
      expect(hits.semantic).toBe('full')
      return hits
    },
    { timeout: 10_000 },
  )
}

async function places(tenant: TestPrincipal): Promise<readonly string[]> {
  const { models } = await tenant.call<{ models: { vectors: string }[] }>('memory.status', {})
  return models.map(({ vectors }) => vectors)
}

async function rows({ tenantId }: TestPrincipal, itemId?: string): Promise<number> {
  const [row] = await embedded.database.transaction(
    (sql) => sql<{ count: number }>`
      select count(*) from caliber.item_vector
      where tenant_id = ${tenantId} and (${itemId ?? null}::uuid is null or item_id = ${itemId ?? null}::uuid)`,
  )
  return row?.count ?? 0
}

async function age({ tenantId }: TestPrincipal, days: number): Promise<void> {
  await embedded.database.transaction(async (sql) => {
    await sql`update caliber.embedding set created_at = created_at - make_interval(days => ${days}) where tenant_id = ${tenantId}`
    await sql`update caliber.item_vector set created_at = created_at - make_interval(days => ${days}) where tenant_id = ${tenantId}`
    await sql`update caliber.model_use set used_at = used_at - make_interval(days => ${days}) where tenant_id = ${tenantId}`
    await sql`update caliber.note set ended_at = ended_at - make_interval(days => ${days}) where tenant_id = ${tenantId}`
  })
}
