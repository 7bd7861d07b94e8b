/** Windows computed again as of their event, and as they would be otherwise. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Memories } from '../derive/memories.ts'
import { Derivations } from '../derive/summaries/derivations.ts'
import { Meter } from '../derive/use/meter.ts'
import type { KeptWindow } from '../domain/context/window.ts'
import type { Principal } from '../domain/principal.ts'
import { createRuntime } from '../local/runtime.ts'
import { extractiveSummariser } from '../models/extractiveSummariser.ts'
import { callsAs, type TestCaliber, type TestPrincipal, type TestTenant, testCaliber } from './testing/tenant.ts'

interface Replay {
  readonly isSame: boolean
  readonly changes: readonly { seq: number; kind: string }[]
  readonly window: KeptWindow
}

interface Variation extends Omit<Replay, 'window'> {
  readonly in: readonly { id: string }[]
  readonly out: readonly { id: string }[]
  readonly usedTokens: { before: number; after: number }
  readonly window: Omit<KeptWindow, 'windowId'>
}

let caliber: TestCaliber
beforeAll(async () => {
  caliber = await testCaliber()
})
afterAll(() => caliber.close())

test('every window of a history is reproduced octet by octet, whatever came after it', async () => {
  const words = fc.constantFrom('harbour', 'crane', 'ferry', 'tide', 'pilot', 'berth')
  const step = fc.record({ act: fc.constantFrom(...acts), subject: words, word: words, pick: fc.nat() })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 20 }), async (steps) => {
      const tenant = await caliber.tenant()
      const { trajectoryId, scopeId } = await conversation(tenant)
      const notes: string[] = []
      const windows: KeptWindow[] = []
      for (const [i, { act, subject, word, pick }] of steps.entries()) {
        const content = `${subject} and ${word}, step ${i}`
        const noteId = notes[pick % Math.max(1, notes.length)]
        if (act === 'say') await say(tenant, scopeId, content)
        if (act === 'store') {
          await tenant.call('artifact.put', { trajectoryId, type: 'plan', name: subject, content })
        }
        if (act === 'record' || noteId === undefined) {
          notes.push(await record(tenant, { subject, content, type: pick % 3 === 0 ? 'preference' : 'fact' }))
        } else if (act === 'supersede') {
          const { note } = await tenant.call<{ note: { noteId: string } }>('note.supersede', { noteId, content })
          notes.splice(notes.indexOf(noteId), 1, note.noteId)
        } else if (act === 'retract') {
          await tenant.call('note.retract', { noteId, reason: 'r' })
          notes.splice(notes.indexOf(noteId), 1)
        }
        windows.push(await assemble(tenant, { scopeId, query: `${word}?` }))
        windows.push(await assemble(tenant, { scopeId }))
      }
      for (const window of windows) {
        expect(await replay(tenant, window)).toEqual({ isSame: true, changes: [], window })
      }
    }),
    { numRuns: 4, endOnFailure: true },
  )
})

test('a window in which turns stand in short is reproduced by another process, and goes when one of them is forgotten', async () => {
  const tenant = await caliber.tenant()
  const { scopeId } = await conversation(tenant)
  const turnIds: string[] = []
  for (let i = 0; i < 200; i += 1) {
    const { turns } = await say(tenant, scopeId, `Berth ${i}: the crane lifts ${i * 7} tons, and boat ${i * 3} waits.`)
    turnIds.push(String(turns[0]?.turnId))
  }
  const window = await assemble(tenant, { scopeId, budgetTokens: 2_048 })
  const summary = window.receipt.verdicts.find(({ section }) => section === 'earlier')
  expect(summary).toMatchObject({ kind: 'summary', verdict: 'included', reason: 'fits', position: 1 })
  expect(window.receipt.summaries).toEqual({ model: 'extractive/1', coverage: 'full' })
  for (let i = 0; i < 60; i += 1) await say(tenant, scopeId, `Later ${i}`)
  const smaller = await vary(tenant, window, { budgetTokens: 1_800 })
  expect(smaller.window.receipt.verdicts.some(({ section }) => section === 'earlier')).toBe(true)
  const without = await vary(tenant, window, { without: [turnIds[0]] })
  expect(without.window.receipt.verdicts.some(({ section }) => section === 'earlier')).toBe(false)
  const other = await createRuntime(caliber.sessions, {})
  try {
    const stranger = callsAs({ ...tenant, rights: ['read'] }, other)
    expect(await replay(stranger, window)).toEqual({ isSame: true, changes: [], window })
  } finally {
    await other.close()
  }

  const named = new Set(window.receipt.verdicts.map(({ id }) => id))
  const quiet = turnIds.find((id) => !named.has(id))
  expect(quiet).toBeDefined()
  await tenant.call('memory.forget', { items: [quiet], reason: 'asked for' })
  await expect(replay(tenant, window)).rejects.toMatchObject({ code: 'not_found' })
})

test('a window with summaries of many turns is reproduced by a process that has made none of them yet', async () => {
  const tenant = await caliber.tenant()
  const { scopeId } = await conversation(tenant)
  for (let at = 0; at < 600; at += 300) {
    const turns = Array.from({ length: 300 }, (_, i) => ({ role: 'user', content: pastBerth(at + i) }))
    await tenant.call('turn.append', { scopeId, turns })
  }
  const full = () => assemble(tenant, { scopeId, budgetTokens: 2_048 })
  await expect.poll(async () => (await full()).receipt.summaries).toMatchObject({ coverage: 'full' })
  const { windowId } = await full()
  const window = await tenant.call<KeptWindow>('context.explain', { windowId })
  const other = await createRuntime(caliber.sessions, {})
  try {
    const again = callsAs({ ...tenant, rights: ['read'] }, other)
    expect(await replay(again, window)).toEqual({ isSame: true, changes: [], window })
  } finally {
    await other.close()
  }
  const summary = window.receipt.verdicts.find(({ kind }) => kind === 'summary')
  const without = await vary(tenant, window, { without: [summary?.id] })
  expect(without.out).toMatchObject([{ id: summary?.id, kind: 'summary' }])
  expect(without.window.text).not.toContain('summary]')
})

test('another process reproduces it as well', async () => {
  const tenant = await caliber.tenant()
  const noteId = await record(tenant, { subject: 'crane', content: 'The crane is broken.' })
  const window = await assemble(tenant, { query: 'crane' })
  await tenant.call('note.supersede', { noteId, content: 'The crane is repaired.' })
  const other = await createRuntime(caliber.sessions, {})
  try {
    const { isSame, window: again } = await replay(callsAs({ ...tenant, rights: ['read'] }, other), window)
    expect(isSame).toBe(true)
    expect(again.text).toContain('broken')
    expect(again.text).not.toContain('repaired')
  } finally {
    await other.close()
  }
})

test('what was forgotten since is shown by no replay and no variation, and both say so', async () => {
  const tenant = await caliber.tenant()
  const kept = await record(tenant, { subject: 'crane', content: 'The crane is broken.' })
  const secret = await record(tenant, { subject: 'crane key', content: `The key is 4711 ${'and more '.repeat(80)}` })
  const small = await assemble(tenant, { query: 'crane', budgetTokens: 100 })
  const shown = await assemble(tenant, { query: 'crane', budgetTokens: 1_000 })
  expect(small.text).not.toContain('4711')
  expect(shown.text).toContain('4711')
  // Before it is forgotten, the larger budget would show it.
  expect((await vary(tenant, small, { budgetTokens: 1_000 })).window.text).toContain('4711')

  await tenant.call('memory.forget', { items: [secret], reason: 'asked for' })
  await expect(replay(tenant, shown)).rejects.toMatchObject({ code: 'not_found' })
  const answers = [await replay(tenant, small), await vary(tenant, small, { budgetTokens: 1_000 })]
  for (const answer of answers) {
    expect(JSON.stringify(answer)).not.toContain('4711')
    expect(JSON.stringify(answer)).toContain(kept)
    expect(answer.isSame).toBe(false)
    expect(answer.changes.map(({ kind }) => kind)).toEqual(['memory.forgotten'])
  }
  expect((await replay(tenant, await assemble(tenant, { query: 'crane' }))).isSame).toBe(true)
})

test('what is in quarantine now stays out of a window from before', async () => {
  const tenant = await caliber.tenant()
  const noteId = await record(tenant, { subject: 'crane', content: 'The crane is poisoned.' })
  const window = await assemble(tenant, { query: 'crane' })
  await tenant.call('memory.revoke', { itemId: noteId, reason: 'wrong source' })
  const { isSame, changes, window: again } = await replay(tenant, window)
  expect({ isSame, kinds: changes.map(({ kind }) => kind) }).toEqual({ isSame: false, kinds: ['memory.revoked'] })
  expect(again.text).not.toContain('poisoned')
})

test('whoever may not read a window may not replay or vary it', async () => {
  const tenant = await caliber.tenant()
  const { regionId } = await tenant.call<{ regionId: string }>('region.create', { name: 'mine', kind: 'private' })
  await record(tenant, { subject: 'crane', content: 'The crane is secret.', regionId })
  const window = await assemble(tenant, { query: 'crane' })
  const stranger = await tenant.member(['read'])
  await expect(replay(stranger, window)).rejects.toMatchObject({ code: 'not_found' })
  await expect(vary(stranger, window, { budgetTokens: 50 })).rejects.toMatchObject({ code: 'not_found' })
})

test('a variation shows what comes in and what goes out, and is stored nowhere', async () => {
  const tenant = await caliber.tenant()
  const { scopeId } = await conversation(tenant)
  await say(tenant, scopeId, 'We spoke of the ferry.')
  const first = await record(tenant, { subject: 'crane', content: 'The crane is broken.' })
  const second = await record(tenant, {
    subject: 'crane driver',
    content: `The driver is ill. ${'Very ill. '.repeat(30)}`,
  })
  const standing = await record(tenant, { subject: 'tone', content: 'Be brief.', type: 'preference' })
  const window = await assemble(tenant, { scopeId, query: 'crane', budgetTokens: 1_000, pins: [first] })
  await record(tenant, { subject: 'crane', content: 'It came later.' })
  const before = await rows()

  const smaller = await vary(tenant, window, { budgetTokens: 160 })
  expect(smaller).toMatchObject({ isSame: true, in: [], out: [{ id: second, section: 'retrieved' }] })
  expect(smaller.usedTokens.after).toBeLessThanOrEqual(160)
  expect(smaller.window.receipt.request.budgetTokens).toBe(160)

  const without = await vary(tenant, window, { without: [first] })
  expect(without).toMatchObject({ in: [], out: [{ id: first, section: 'pinned' }] })
  expect(without.window.receipt.verdicts.some(({ id }) => id === first)).toBe(false)

  const divided = await vary(tenant, window, { shares: { standing: 0 } })
  expect(divided).toMatchObject({ in: [], out: [{ id: standing, section: 'standing' }] })
  expect(divided.window.receipt.verdicts.find(({ id }) => id === standing)).toMatchObject({ reason: 'over_share' })

  const larger = await vary(tenant, await assemble(tenant, { query: 'driver', budgetTokens: 60 }), {
    budgetTokens: 900,
  })
  expect(larger.in.map(({ id }) => id)).toContain(second)
  await expect(vary(tenant, window, {})).rejects.toMatchObject({ code: 'invalid_input' })
  await expect(vary(tenant, window, { budgetTokens: 3 })).rejects.toMatchObject({ code: 'budget_too_small' })

  // The one window that was assembled meanwhile, and nothing else.
  expect(await rows()).toEqual({ ...before, windows: before.windows + 1 })

  async function rows() {
    const answer = { windows: 0, events: 0 }
    await tenant.call('context.explain', { windowId: window.windowId })
    for (const [name, table] of [
      ['windows', 'context_window'],
      ['events', 'event'],
    ] as const) {
      const [row] = await caliber.admin<{ count: number }[]>`
        select count(*)::int as count from ${caliber.admin(`caliber.${table}`)} where tenant_id = ${tenant.tenantId}`
      answer[name] = row?.count ?? 0
    }
    return answer
  }
})

test('memories of the past are folded one after the other, and no more than eight are waited for', async () => {
  const tenant = await caliber.tenant()
  await record(tenant, { subject: 'crane', content: 'The crane is broken.' })
  const principal: Principal = { ...tenant, rights: ['read'] }
  const meter = new Meter(caliber.sessions, { now: () => new Date() })
  const memories = new Memories(caliber.sessions, {
    maxBytes: 2 ** 30,
    pollMs: 600_000,
    validation: 'on_mutation',
    embeddings: [],
    summaries: {
      summariser: extractiveSummariser((text) => text.length),
      derivations: new Derivations(caliber.sessions, meter),
      meter,
      tokenizer: {
        name: 'characters',
        count: ({ length }) => length,
        countAround: (head, body, _, tail) => (head + body + tail).length,
      },
    },
    now: () => new Date(),
  })
  const { seq } = await memories.at(principal)
  const asked = await Promise.allSettled(Array.from({ length: 9 }, () => memories.asOf(principal, seq - 1)))
  expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(8)
  expect(asked.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'unavailable' } })
  expect((await memories.asOf(principal, seq - 1)).seq).toBe(seq - 1)
})

const acts = ['say', 'say', 'store', 'record', 'record', 'supersede', 'retract'] as const

async function conversation(tenant: TestTenant): Promise<{ trajectoryId: string; scopeId: string }> {
  const { trajectoryId } = await tenant.call<{ trajectoryId: string }>('trajectory.start', { name: 'harbour' })
  const { scopeId } = await tenant.call<{ scopeId: string }>('scope.open', {
    trajectoryId,
    name: 'now',
    budgetTokens: 400,
  })
  return { trajectoryId, scopeId }
}

const pastBerth = (i: number) => `Berth ${i}: the crane number ${i} lifts ${i * 7} tons, and boat ${i * 3} waits.`

const say = (tenant: TestTenant, scopeId: string, content: string) =>
  tenant.call<{ turns: { turnId: string }[] }>('turn.append', { scopeId, turns: [{ role: 'user', content }] })

async function record(tenant: TestTenant, note: object): Promise<string> {
  return (await tenant.call<{ noteId: string }>('note.record', note)).noteId
}

const assemble = (caller: TestPrincipal, request: object) => caller.call<KeptWindow>('context.assemble', request)

const replay = (caller: TestPrincipal, { windowId }: KeptWindow) => caller.call<Replay>('context.replay', { windowId })

const vary = (caller: TestPrincipal, { windowId }: KeptWindow, change: object) =>
  caller.call<Variation>('context.vary', { windowId, ...change })
