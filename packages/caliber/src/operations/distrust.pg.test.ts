/** Distrust: what a source brought and what was made of it is set aside, and is there again when it is restored. */
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createRuntime } from '../local/runtime.ts'
import { callsAs, type TestCaliber, type TestPrincipal, type TestTenant, testCaliber } from './testing/tenant.ts'

let caliber: TestCaliber
let tenant: TestTenant
let trajectoryId: string
let scopeId: string

beforeAll(async () => {
  caliber = await testCaliber()
})
afterAll(() => caliber.close())

beforeEach(async () => {
  tenant = await caliber.tenant()
  ;({ trajectoryId, scopeId } = await begin(tenant))
})

test('five levels of derivation leave search, contexts and lists with their source, and come back with it', async () => {
  const [poison = '', honest = ''] = await say(tenant, scopeId, ['heron poison', 'heron honest'])
  const levels = [poison]
  for (let level = 1; level <= 5; level += 1) {
    const sources = [
      { kind: level === 1 ? 'turn' : 'note', id: levels[level - 1] },
      { kind: 'turn', id: honest },
    ]
    levels.push(await record(tenant, `heron level ${level}`, { sources, pinned: level === 5, level: 'summary' }))
  }
  const before = await answers(tenant, scopeId)
  expect(await found(tenant, 'heron')).toHaveLength(7)

  const { distrustId, items } = await revoke({ itemId: poison })
  expect(items).toBe(6)
  expect(await found(tenant, 'heron')).toEqual([honest])
  expect(JSON.stringify(await answers(tenant, scopeId))).not.toMatch(/poison|level/)
  expect(await tenant.call('note.list', {})).toMatchObject({ items: [] })
  expect((await tenant.call<{ items: object[] }>('note.list', { quarantined: true })).items).toHaveLength(5)
  expect((await tenant.call<{ items: object[] }>('turn.list', { scopeId })).items).toHaveLength(1)
  await expect(tenant.call('context.assemble', { query: 'x', pins: [levels[3]] })).rejects.toMatchObject({
    code: 'not_found',
  })
  expect(await tenant.call('memory.quarantine', { itemId: levels[5] })).toMatchObject({
    items: [{ itemId: levels[5], distrustId, reason: 'a test', revokedBy: tenant.principalId }],
  })
  expect(await tenant.call('memory.verify', {})).toMatchObject({ ok: true })

  expect(await tenant.call('memory.restore', { distrustId })).toEqual({ items: 6 })
  expect(await answers(tenant, scopeId)).toEqual(before)
  expect(await tenant.call('memory.quarantine', {})).toEqual({ items: [] })
})

describe('taint cannot be washed off', () => {
  test('what is derived from something set aside, or replaces it, is set aside from birth', async () => {
    const source = await record(tenant, 'heron source')
    const { distrustId } = await revoke({ itemId: source })
    const derived = await record(tenant, 'heron derived', { sources: [{ kind: 'note', id: source }] })
    await record(tenant, 'heron of the derived', { sources: [{ kind: 'note', id: derived }] })
    await tenant.call('note.supersede', { noteId: source, content: 'heron corrected' })
    expect(await found(tenant, 'heron')).toEqual([])
    await tenant.call('memory.restore', { distrustId })
    expect(await found(tenant, 'heron')).toHaveLength(3)
  })

  test('an artifact that is revised from something set aside takes with it what was derived from the artifact', async () => {
    const [turn = ''] = await say(tenant, scopeId, ['poison'])
    const put = (content: string, sourceTurnIds: readonly string[]) =>
      tenant.call<{ artifactId: string }>('artifact.put', {
        trajectoryId,
        type: 'plan',
        name: 'p',
        content,
        provenance: { sourceTurnIds },
      })
    const { artifactId } = await put('heron plan', [])
    await record(tenant, 'heron of the plan', { sources: [{ kind: 'artifact', id: artifactId }] })
    await revoke({ itemId: turn })
    expect(await found(tenant, 'heron')).toHaveLength(2)
    await put('heron plan revised', [turn])
    expect(await found(tenant, 'heron')).toEqual([])
  })

  test('a distrusted transcript goes on bringing turns, and none of them is seen', async () => {
    const lines = [1, 2].map((n) => JSON.stringify({ role: 'user', content: `heron ${n}` }))
    const add = () => tenant.call('transcript.import', { source: 'feed', text: `${lines.join('\n')}\n` })
    await add()
    const { distrustId, items } = await revoke({ source: 'feed' })
    expect(items).toBe(2)
    lines.push(JSON.stringify({ role: 'user', content: 'heron 3' }))
    await add()
    expect(await found(tenant, 'heron')).toEqual([])
    await tenant.call('memory.restore', { distrustId })
    expect(await found(tenant, 'heron')).toHaveLength(3)
  })

  test('whatever a distrusted principal wrote and writes, and what others make of it', async () => {
    const member = await tenant.member()
    const noteId = await record(member, 'heron of the member')
    await say(member, scopeId, ['heron said by the member'])
    await record(tenant, 'heron of another', { sources: [{ kind: 'note', id: noteId }] })
    const own = await record(tenant, 'heron alone')
    await revoke({ principalId: member.principalId })
    await record(member, 'heron of the member again')
    await say(member, scopeId, ['heron said again'])
    expect(await found(tenant, 'heron')).toEqual([own])
  })

  test('two distrusts hold what both reach until both are taken back', async () => {
    const [one = '', two = ''] = [await record(tenant, 'one'), await record(tenant, 'two')]
    await record(tenant, 'heron', { sources: [one, two].map((id) => ({ kind: 'note', id })) })
    const [first, second] = [await revoke({ itemId: one }), await revoke({ itemId: two })]
    await tenant.call('memory.restore', { distrustId: first.distrustId })
    expect(await found(tenant, 'heron')).toEqual([])
    await tenant.call('memory.restore', { distrustId: second.distrustId })
    expect(await found(tenant, 'heron')).toHaveLength(1)
  })
})

test('what others see changes in no score: as if the items had never been, whichever they are', async () => {
  const content = fc.array(fc.constantFrom('heron', 'egret', 'stork', 'nests', 'north'), { minLength: 1, maxLength: 6 })
  const one = fc.record({
    content,
    kind: fc.constantFrom('turn', 'note'),
    isPoison: fc.boolean(),
    pinned: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(one, { minLength: 2, maxLength: 14 }), async (items) => {
      const [tainted, innocent] = [await caliber.tenant(), await caliber.tenant()]
      const distrusts: string[] = []
      const make = async (to: TestTenant, isWanted: (isPoison: boolean) => boolean) => {
        const at = await begin(to)
        const ids: string[] = []
        for (const { content, kind, isPoison, pinned } of items) {
          if (!isWanted(isPoison)) continue
          const text = content.join(' ')
          const [id = ''] = kind === 'turn' ? await say(to, at.scopeId, [text]) : [await record(to, text, { pinned })]
          ids.push(id)
        }
        return { ...at, ids }
      }
      const made = await make(tainted, () => true)
      const before = await answers(tainted, made.scopeId)
      for (const [i, { isPoison }] of items.entries()) {
        if (!isPoison) continue
        const input = { itemId: made.ids[i], reason: 'a test' }
        distrusts.push((await tainted.call<{ distrustId: string }>('memory.revoke', input)).distrustId)
      }
      const clean = await make(innocent, (isPoison) => !isPoison)
      const expected = await answers(innocent, clean.scopeId)
      expect(await answers(tainted, made.scopeId)).toEqual(expected)
      const anew = await createRuntime(caliber.sessions)
      const rebuilt = callsAs({ ...tainted, rights: ['read'] }, anew)
      expect(await answers(rebuilt, made.scopeId)).toEqual(expected)
      for (const distrustId of distrusts) await tainted.call('memory.restore', { distrustId })
      expect(await answers(tainted, made.scopeId)).toEqual(before)
      expect(await answers(rebuilt, made.scopeId)).toEqual(before)
      await anew.close()
    }),
    { numRuns: 8 },
  )
})

test('what is set aside is forgotten like anything else', async () => {
  const noteId = await record(tenant, 'heron secret')
  await revoke({ itemId: noteId })
  const { receipts } = await tenant.call<{ receipts: { receiptId: string }[] }>('memory.forget', {
    items: [noteId],
    reason: 'r',
  })
  const looked = { receiptId: receipts[0]?.receiptId, words: 'secret' }
  expect(await tenant.call('memory.residue', looked)).toEqual({ residue: 0, places: [] })
  expect(await tenant.call('memory.verify', {})).toMatchObject({ ok: true })
})

test('only who administers the whole tenant distrusts, one thing at a time, and restores what there is', async () => {
  const member = await tenant.member()
  const noteId = await record(tenant, 'c')
  const input = { itemId: noteId, reason: 'r' }
  await expect(member.call('memory.revoke', input)).rejects.toMatchObject({ code: 'forbidden' })
  await expect(revoke({ itemId: noteId, source: 's' })).rejects.toMatchObject({ code: 'invalid_input' })
  await expect(revoke({ itemId: trajectoryId })).rejects.toMatchObject({ code: 'not_found' })
  await expect(tenant.call('memory.restore', { distrustId: noteId })).rejects.toMatchObject({ code: 'not_found' })
  const other = await caliber.tenant()
  await expect(other.call('memory.revoke', input)).rejects.toMatchObject({ code: 'not_found' })
})

async function begin(by: TestPrincipal): Promise<{ trajectoryId: string; scopeId: string }> {
  const { trajectoryId } = await by.call<{ trajectoryId: string }>('trajectory.start', { name: 't' })
  return {
    trajectoryId,
    scopeId: (await by.call<{ scopeId: string }>('scope.open', { trajectoryId, name: 's' })).scopeId,
  }
}

async function say(by: TestPrincipal, scopeId: string, contents: readonly string[]): Promise<readonly string[]> {
  if (contents.length === 0) return []
  const turns = contents.map((content) => ({ role: 'user', content, at: '2026-01-01T00:00:00Z' }))
  const appended = await by.call<{ turns: { turnId: string }[] }>('turn.append', { scopeId, turns })
  return appended.turns.map(({ turnId }) => turnId)
}

async function record(by: TestPrincipal, content: string, fields: object = {}): Promise<string> {
  return (await by.call<{ noteId: string }>('note.record', { subject: 's', content, ...fields })).noteId
}

function revoke(input: object): Promise<{ distrustId: string; items: number }> {
  return tenant.call('memory.revoke', { reason: 'a test', ...input })
}

async function found(by: TestPrincipal, query: string): Promise<readonly string[]> {
  return (await by.call<{ items: { id: string }[] }>('memory.search', { query })).items.map(({ id }) => id)
}

/** What a reader is told, without ids and times. */
/** As of the newest event: another process may not have heard of it yet. */
async function answers(by: TestPrincipal, scopeId: string): Promise<readonly unknown[]> {
  const told: unknown[] = []
  const { headSeq: atLeastSeq } = await by.call<{ headSeq: number }>('event.since', {})
  for (const query of ['heron', 'egret', 'stork nests', 'north heron']) {
    const { items } = await by.call<{ items: { text: string; score: number }[] }>('memory.search', {
      query,
      atLeastSeq,
    })
    told.push(items.map(({ text, score }) => [text, score]))
  }
  const window = await by.call<{ text: string; receipt: { usedTokens: number } }>('context.assemble', {
    scopeId,
    query: 'heron',
    atLeastSeq,
  })
  told.push(window.text.replaceAll(/\[\d{4}-\d\d-\d\d \d\d:\d\d /g, '['), window.receipt.usedTokens)
  return told
}
