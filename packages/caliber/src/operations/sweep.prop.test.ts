/**
 * After a sweep every answer is what it was, from a process that went on and from one that starts anew, however old what is
 * kept may be; and where retention erases, nothing else is missing. fast-check prints the seed.
 */
import fc from 'fast-check'
import { v7 } from 'uuid'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createRuntime } from '../local/runtime.ts'
import type { Embedder } from '../models/embedder.ts'
import type { Summariser } from '../models/summariser.ts'
import { hashVector } from '../models/testing/hashVector.ts'
import { sweepTenant } from './sweep/sweepTenants.ts'
import { callsAs, type TestCaliber, type TestPrincipal, type TestTenant, testCaliber } from './testing/tenant.ts'

/** As models are that answer the same question alike. */
const embedder: Embedder = {
  model: 'words',
  dimensions: 8,
  embed: async (texts) => texts.map((text) => hashVector(text, 8)),
}
const summariser: Summariser = {
  name: 'small',
  isLocal: false,
  summarise: async (texts) => ({
    text: texts.map((text) => text.split(' ').slice(0, 30).join(' ')).join('; '),
    inputTokens: 1,
    outputTokens: 1,
  }),
}

let caliber: TestCaliber
beforeAll(async () => {
  caliber = await testCaliber({ embedder, summariser })
})
afterAll(() => caliber.close())

const words = ['heron', 'egret', 'stork', 'crane', 'ibis', 'bittern']
const said = fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 4 }).map((chosen) => chosen.join(' '))
const which = fc.nat(1_000)
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('turns' as const),
      content: said,
      count: fc.integer({ min: 1, max: 12 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('note' as const), content: said, from: fc.option(which) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('supersede' as const), which, content: said }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('retract' as const), which }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('revise' as const), content: said }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('revoke' as const), which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restore' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget' as const), which }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('ask' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('age' as const), days: fc.constantFrom(10, 29, 31) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sweep' as const) }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

test('a sweep changes no answer but for what retention erases', async () => {
  let swept = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 40 }), async (steps) => {
      const tenant = await caliber.tenant()
      const scopeId = await carryOut(tenant, [
        { kind: 'turns', content: 'heron ibis', count: 40 },
        { kind: 'note', content: 'heron', from: null },
        { kind: 'ask' },
        ...steps,
      ])
      const before = await answers(tenant, scopeId)
      swept += await sweep(tenant)
      expect(await answers(tenant, scopeId)).toEqual(before)
      const anew = await createRuntime(caliber.sessions, { embedder, summariser })
      try {
        expect(await answers(callsAs({ ...tenant, rights: ['read'] }, anew), scopeId)).toEqual(before)
      } finally {
        await anew.close()
      }
      expect(await sweep(tenant)).toBe(0)
      await assertRetention(tenant, scopeId)
      expect(await tenant.call('memory.verify', {})).toMatchObject({ ok: true })
    }),
    { numRuns: 15 },
  )
  expect(swept).toBeGreaterThan(0)
})

/** What retention erases is not found any more, everything else is, and nothing that is left was derived from it. */
async function assertRetention(tenant: TestTenant, scopeId: string): Promise<void> {
  await tenant.call('scope.close', { scopeId })
  await tenant.call('tenant.retain', { turnRetentionDays: 20, noteRetentionDays: 20 })
  await age(tenant, 31)
  const before = await foundBy(tenant)
  await sweep(tenant)
  const left = await caliber.admin<{ id: string }[]>`
    select id from caliber.turn where tenant_id = ${tenant.tenantId}
    union all select id from caliber.note where tenant_id = ${tenant.tenantId}
    union all select id from caliber.artifact where tenant_id = ${tenant.tenantId}`
  const kept = new Set(left.map(({ id }) => id))
  const found = await foundBy(tenant)
  // A turn that said again what another said is found once that one is gone.
  expect(found.filter((id) => before.includes(id))).toEqual(before.filter((id) => kept.has(id)))
  expect(found.filter((id) => !kept.has(id))).toEqual([])
  const orphans = await caliber.admin`
    select 1 from caliber.note n cross join jsonb_array_elements(n.sources) as s
    where n.tenant_id = ${tenant.tenantId} and not (s ->> 'id')::uuid = any (${[...kept]})`
  expect(orphans).toEqual([])
  const anew = await createRuntime(caliber.sessions, { embedder, summariser })
  try {
    const told = await answers(tenant, scopeId)
    expect(await answers(callsAs({ ...tenant, rights: ['read'] }, anew), scopeId)).toEqual(told)
  } finally {
    await anew.close()
  }
}

/** The ids of everything that says one of the words, in order. */
async function foundBy(tenant: TestPrincipal): Promise<readonly string[]> {
  const [head] = await caliber.admin<{ seq: number }[]>`
    select seq::int from caliber.event_head where tenant_id = ${tenant.tenantId}`
  const { items } = await tenant.call<{ items: { id: string }[] }>('memory.search', {
    query: words.join(' '),
    limit: 1_000,
    atLeastSeq: head?.seq,
  })
  return items.map(({ id }) => id).sort()
}

/** @returns the scope that everything is said in */
async function carryOut(tenant: TestTenant, steps: readonly Step[]): Promise<string> {
  const { trajectoryId } = await tenant.call<{ trajectoryId: string }>('trajectory.start', { name: 't' })
  const { scopeId } = await tenant.call<{ scopeId: string }>('scope.open', { trajectoryId, name: 's' })
  let turns: string[] = []
  let notes: string[] = []
  let distrusts: string[] = []
  const pick = (ids: readonly string[], number: number) => ids[number % ids.length]
  for (const one of steps) {
    switch (one.kind) {
      case 'turns': {
        const content = Array.from({ length: 12 }, () => one.content).join(' ')
        const appended = await tenant.call<{ turns: { turnId: string }[] }>('turn.append', {
          scopeId,
          turns: Array.from({ length: one.count }, () => ({ role: 'user', content })),
        })
        turns.push(...appended.turns.map(({ turnId }) => turnId))
        break
      }
      case 'note': {
        const source = one.from === null ? undefined : pick(turns, one.from)
        const sources = source === undefined ? [] : [{ kind: 'turn', id: source }]
        const recorded = await tenant.call<{ noteId: string }>('note.record', {
          subject: 's',
          content: one.content,
          sources,
        })
        notes.push(recorded.noteId)
        break
      }
      case 'supersede':
      case 'retract': {
        const noteId = pick(notes, one.which)
        if (noteId === undefined) break
        notes = notes.filter((id) => id !== noteId)
        if (one.kind === 'retract') await tenant.call('note.retract', { noteId, reason: 'r' })
        else {
          const { note } = await tenant.call<{ note: { noteId: string } }>('note.supersede', {
            noteId,
            content: one.content,
          })
          notes.push(note.noteId)
        }
        break
      }
      case 'revise':
        await tenant.call('artifact.put', { trajectoryId, type: 'plan', name: 'p', content: one.content })
        break
      case 'revoke': {
        const itemId = pick(turns, one.which)
        const { distrustId } = await tenant.call<{ distrustId: string }>('memory.revoke', { itemId, reason: 'r' })
        distrusts.push(distrustId)
        break
      }
      case 'restore':
        for (const distrustId of distrusts) await tenant.call('memory.restore', { distrustId })
        distrusts = []
        break
      case 'forget': {
        const gone = pick(turns, one.which)
        if (gone === undefined || distrusts.length > 0) break
        const { items } = await tenant.call<{ items: { id: string }[] }>('memory.forget', {
          items: [gone],
          reason: 'r',
        })
        const ids = new Set(items.map(({ id }) => id))
        turns = turns.filter((id) => !ids.has(id))
        notes = notes.filter((id) => !ids.has(id))
        break
      }
      case 'ask':
        await answers(tenant, scopeId)
        break
      case 'age':
        await age(tenant, one.days)
        break
      case 'sweep':
        await sweep(tenant)
    }
  }
  return scopeId
}

function sweep({ tenantId }: TestTenant): Promise<number> {
  const models = { embeddings: ['words/8'], summary: 'small' }
  return sweepTenant(caliber.sessions, tenantId, { models, signal: new AbortController().signal, newId: v7 })
}

/** What can be asked, once every item has its vector: items with their scores, a context, a summary. */
async function answers(tenant: TestPrincipal, scopeId: string): Promise<readonly unknown[]> {
  const told: unknown[] = []
  for (const query of [...words, 'stork crane heron']) {
    const found = await vi.waitFor(async () => {
      const hits = await tenant.call<{ items: { id: string; score: number }[]; semantic: string }>('memory.search', {
        query,
        limit: 100,
      })
      expect(hits.semantic).toBe('full')
      return hits
    })
    told.push(found.items.map(({ id, score }) => [id, score]))
  }
  const window = await tenant.call<{ text: string }>('context.assemble', { scopeId, query: 'ibis', budgetTokens: 400 })
  const summary = await tenant.call<{ text: string }>('scope.summary', { scopeId })
  // A revision is shown with its time and in that order; these tests change it under a memory that has read it.
  const lines = window.text.replaceAll(/\[\d{4}-\d\d-\d\d \d\d:\d\d /g, '[').split('\n')
  return [...told, lines.toSorted(), summary.text]
}

/** Let time pass for what a tenant keeps. */
async function age({ tenantId }: TestTenant, days: number): Promise<void> {
  const kept = {
    embedding: 'created_at',
    note: 'ended_at',
    scope: 'closed_at',
    artifact_revision: 'created_at',
    derivation: 'made_at',
    distrust: 'revoked_at',
    model_use: 'used_at',
    context_window: 'created_at',
  }
  for (const [table, column] of Object.entries(kept)) {
    await caliber.admin.unsafe(`
      update caliber.${table} set ${column} = ${column} - interval '${days} days' where tenant_id = '${tenantId}'`)
  }
}
