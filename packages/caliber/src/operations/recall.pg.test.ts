/** Search, assembly and import over a real database: what goes in, what comes out, and why. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { KeptWindow, Verdict } from '../domain/context/window.ts'
import { openO200k } from '../models/tokenizer.ts'
import { type TestCaliber, type TestTenant, testCaliber } from './testing/tenant.ts'

let caliber: TestCaliber
let clock = new Date('2026-11-22T12:00:00Z')

beforeAll(async () => {
  caliber = await testCaliber({ now: () => clock })
})
afterAll(() => caliber.close())

const transcript = [
  { role: 'user', content: 'We deploy to Frankfurt.', at: '2026-02-01T09:00:00Z', session: 'feb' },
  { role: 'assistant', content: 'Noted, Frankfurt it is.', at: '2026-02-01T09:01:00Z', session: 'feb' },
  { role: 'user', content: 'From today we deploy to Stockholm instead.', at: '2026-05-01T09:00:00Z', session: 'may' },
  { role: 'assistant', content: 'Moving the cluster now.', at: '2026-05-01T09:01:00Z', session: 'may' },
]
const lines = (turns: readonly unknown[]) => turns.map((turn) => `${JSON.stringify(turn)}\n`).join('')

interface Imported {
  readonly trajectoryId: string
  readonly scopeIds: string[]
  readonly turnsAdded: number
  readonly turnsPresent: number
  readonly malformed: { line: number }[]
  readonly stoppedAtLine: number | null
}

async function imported(tenant: TestTenant, text = lines(transcript), more: object = {}): Promise<Imported> {
  return tenant.call('transcript.import', { source: 'chat.jsonl', text, ...more })
}

test('what is written is found by the next read, with its score', async () => {
  const tenant = await caliber.tenant()
  await imported(tenant)
  const { items, eventSeq } = await search(tenant, 'where do we deploy')
  expect(items[0]).toMatchObject({ kind: 'turn', origin: 'user', sequence: 1 })
  expect(items[0]?.score).toBeGreaterThan(0)
  await tenant.call('note.record', { subject: 'zeppelin', content: 'the mascot' })
  const after = await search(tenant, 'zeppelin')
  expect(after.items).toHaveLength(1)
  expect(after.eventSeq).toBe(eventSeq + 1)
})

test('a memory rebuilt from the log answers as the one that followed it', async () => {
  const tenant = await caliber.tenant()
  await imported(tenant)
  const { note } = await superseded(tenant)
  await tenant.call('artifact.put', {
    trajectoryId: await trajectoryOf(tenant),
    type: 'plan',
    name: 'p',
    content: 'deploy v1',
  })
  await tenant.call('artifact.put', {
    trajectoryId: await trajectoryOf(tenant),
    type: 'plan',
    name: 'p',
    content: 'deploy v2',
  })
  const followed = await search(tenant, 'deploy Stockholm')
  const rebuilt = await caliberOver(caliber)
  try {
    expect(await rebuilt(tenant, 'memory.search', { query: 'deploy Stockholm' })).toEqual(followed)
  } finally {
    await rebuilt.close()
  }
  expect(followed.items.filter(({ kind }) => kind === 'artifact')).toHaveLength(1)
  expect(followed.items.filter(({ kind }) => kind === 'note').map(({ id }) => id)).toEqual([note])
})

test('superseded, retracted, expired and not yet valid notes enter no search and no window', async () => {
  const tenant = await caliber.tenant()
  await superseded(tenant)
  const { noteId } = await tenant.call<{ noteId: string }>('note.record', {
    subject: 'quokka',
    content: 'wrong quokka',
  })
  await tenant.call('note.retract', { noteId, reason: 'wrong' })
  await tenant.call('note.record', { subject: 'quokka', content: 'expired quokka', validUntil: '2026-11-22T11:59:59Z' })
  await tenant.call('note.record', { subject: 'quokka', content: 'future quokka', validFrom: '2026-11-22T12:00:01Z' })
  await tenant.call('note.record', { subject: 'quokka', content: 'current quokka', validUntil: '2026-11-22T12:00:01Z' })
  expect((await search(tenant, 'quokka')).items.map(({ text }) => text)).toEqual(['quokka: current quokka'])
  const window = await assemble(tenant, { query: 'quokka Frankfurt Stockholm' })
  expect(window.text).toContain('current quokka')
  for (const gone of ['wrong', 'expired', 'future', 'Frankfurt is home']) expect(window.text).not.toContain(gone)

  clock = new Date('2026-11-22T12:00:02Z')
  expect((await search(tenant, 'quokka')).items.map(({ text }) => text)).toEqual(['quokka: future quokka'])
  clock = new Date('2026-11-22T12:00:00Z')
})

test('filters narrow before ranking', async () => {
  const tenant = await caliber.tenant()
  const { scopeIds } = await imported(tenant)
  await tenant.call('note.record', { subject: 'deploy', content: 'deploy on Mondays' })
  const of = async (filter: object) => (await search(tenant, 'deploy Stockholm Frankfurt', filter)).items
  expect((await of({ kinds: ['note'] })).map(({ kind }) => kind)).toEqual(['note'])
  expect((await of({ roles: ['assistant'] })).every(({ origin }) => origin === 'assistant')).toBe(true)
  expect((await of({ scopeId: scopeIds[1] })).every(({ scopeId }) => scopeId === scopeIds[1])).toBe(true)
  expect((await of({ until: '2026-03-01T00:00:00Z' })).every(({ at }) => at < '2026-03')).toBe(true)
  await expect(search(tenant, 'x', { scopeId: '01890a5d-ac96-774b-bcce-b302099a8057' })).rejects.toMatchObject({
    code: 'not_found',
  })
})

test('a window holds instructions, pins, standing notes, history, hits and the question, in that order', async () => {
  const tenant = await caliber.tenant()
  const { scopeIds } = await imported(tenant)
  await tenant.call('note.record', { subject: 'safety', content: 'Never push on Fridays.', pinned: true })
  await tenant.call('note.record', { type: 'preference', subject: 'style', content: 'Short answers.' })
  await tenant.call('note.record', { level: 'principle', subject: 'ops', content: 'Dry run first.' })
  const { text, receipt, windowId } = await assemble(tenant, {
    query: 'Where do we deploy?',
    scopeId: scopeIds[1],
    system: 'You are a careful engineer.',
  })
  const order = [
    'careful engineer',
    'Never push',
    'Short answers',
    'Dry run',
    'Moving the cluster',
    'Frankfurt.',
    'Where do we deploy?',
  ]
  const places = order.map((words) => text?.indexOf(words) ?? -1)
  expect(places).toEqual([...places].sort((a, b) => a - b))
  expect(places).not.toContain(-1)
  expect(receipt.usedTokens).toBeLessThanOrEqual(receipt.request.budgetTokens)
  expect(receipt.sections.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(receipt.usedTokens)
  expect(new Set(receipt.verdicts.map(({ id }) => id)).size).toBe(receipt.verdicts.length)
  expect(await tenant.call('context.explain', { windowId })).toMatchObject({ windowId, text, receipt })
})

test('the same memory and request give the same window, byte for byte, and one record of it', async () => {
  const tenant = await caliber.tenant()
  await imported(tenant)
  const first = await assemble(tenant, { query: 'deploy' })
  clock = new Date('2026-11-22T12:00:01Z')
  const second = await assemble(tenant, { query: 'deploy' })
  clock = new Date('2026-11-22T12:00:00Z')
  expect(second.windowId).toBe(first.windowId)
  expect(second.text).toBe(first.text)
})

test('pinned content that cannot fit is an error, and so is a pin that is gone', async () => {
  const tenant = await caliber.tenant()
  const { noteId } = await tenant.call<{ noteId: string }>('note.record', {
    subject: 's',
    content: 'word '.repeat(300),
  })
  await expect(assemble(tenant, { query: 'q', pins: [noteId], budgetTokens: 100 })).rejects.toMatchObject({
    code: 'budget_too_small',
  })
  expect((await assemble(tenant, { query: 'q', pins: [noteId], budgetTokens: 600 })).text).toContain('word word')
  await tenant.call('note.retract', { noteId, reason: 'r' })
  await expect(assemble(tenant, { query: 'q', pins: [noteId] })).rejects.toMatchObject({ code: 'not_found' })
})

test('a request without a budget gets the one of its scope', async () => {
  const tenant = await caliber.tenant()
  const { trajectoryId } = await tenant.call<{ trajectoryId: string }>('trajectory.start', { name: 'budget' })
  const scope = await tenant.call<{ scopeId: string }>('scope.open', { trajectoryId, name: 's', budgetTokens: 321 })
  const budgetOf = async (request: object) => (await assemble(tenant, request)).receipt.request.budgetTokens
  expect(await budgetOf({ query: 'q', scopeId: scope.scopeId })).toBe(321)
  expect(await budgetOf({ query: 'q', scopeId: scope.scopeId, budgetTokens: 99 })).toBe(99)
  expect(await budgetOf({ query: 'q' })).toBe(4096)
  await expect(assemble(tenant, { query: 'q', scopeId: trajectoryId })).rejects.toMatchObject({ code: 'not_found' })
})

test('without a question, what the user said last is what is searched for', async () => {
  const tenant = await caliber.tenant()
  await imported(tenant)
  const { trajectoryId } = await tenant.call<{ trajectoryId: string }>('trajectory.start', { name: 'now' })
  const { scopeId } = await tenant.call<{ scopeId: string }>('scope.open', { trajectoryId, name: 'now' })
  await tenant.call('turn.append', { scopeId, turns: [{ role: 'user', content: 'Is Frankfurt still right?' }] })
  const { receipt } = await assemble(tenant, { scopeId })
  expect(receipt.verdicts.some(({ section }: Verdict) => section === 'retrieved')).toBe(true)
  await expect(assemble(tenant, {})).rejects.toMatchObject({ code: 'invalid_input' })
})

test('of a long conversation the newest turns stand in the window, and only what could fit is a candidate', async () => {
  const tenant = await caliber.tenant()
  const { trajectoryId } = await tenant.call<{ trajectoryId: string }>('trajectory.start', { name: 'long' })
  const { scopeId } = await tenant.call<{ scopeId: string }>('scope.open', { trajectoryId, name: 'long' })
  const ids: string[] = []
  for (const part of [0, 1]) {
    const turns = Array.from({ length: 500 }, (_, i) => ({ role: 'user', content: `harbour turn ${part * 500 + i}` }))
    const appended = await tenant.call<{ turns: { turnId: string }[] }>('turn.append', { scopeId, turns })
    ids.push(...appended.turns.map(({ turnId }) => turnId))
  }
  const { receipt } = await assemble(tenant, { scopeId, query: 'zeppelin', budgetTokens: 1000 })
  const said = receipt.verdicts.filter(({ verdict }) => verdict === 'included').map(({ id }) => id)
  expect(said.length).toBeGreaterThan(20)
  expect(said).toEqual(ids.slice(-said.length))
  expect(receipt.totals.candidates).toBeLessThan(300)
})

test('a pinned preference stands once, among the pins', async () => {
  const tenant = await caliber.tenant()
  const note = { type: 'preference', subject: 'tone', content: 'dry', pinned: true, level: 'principle' }
  const { noteId } = await tenant.call<{ noteId: string }>('note.record', note)
  const { receipt } = await assemble(tenant, { query: 'tone' })
  expect(receipt.verdicts.map(({ id, section }) => `${section} ${id}`)).toEqual([`pinned ${noteId}`])
})

test('messages keep the roles of the conversation, and stored text never speaks as the system', async () => {
  const tenant = await caliber.tenant()
  const { trajectoryId } = await tenant.call<{ trajectoryId: string }>('trajectory.start', { name: 'roles' })
  const { scopeId } = await tenant.call<{ scopeId: string }>('scope.open', { trajectoryId, name: 'roles' })
  const turns = ['system', 'user', 'assistant', 'tool'].map((role) => ({ role, content: `as ${role}` }))
  await tenant.call('turn.append', { scopeId, turns })
  const { messages } = await assemble(tenant, { scopeId, query: 'q', system: 'mine', format: 'messages' })
  expect(messages?.map(({ role }) => role)).toEqual(['system', 'user', 'user', 'assistant', 'user', 'user'])
  expect(messages?.filter(({ role }) => role === 'system').map(({ content }) => content)).toEqual([
    '# Instructions\nmine\n',
  ])
})

test('importing twice adds nothing, and a grown transcript adds what is new', async () => {
  const tenant = await caliber.tenant()
  expect(await imported(tenant)).toMatchObject({ turnsAdded: 4, turnsPresent: 0 })
  const headSeq = (await tenant.call<{ headSeq: number }>('event.since', {})).headSeq
  expect(await imported(tenant)).toMatchObject({ turnsAdded: 0, turnsPresent: 4 })
  expect((await tenant.call<{ headSeq: number }>('event.since', {})).headSeq).toBe(headSeq)
  const grown = [...transcript, { role: 'user', content: 'more', session: 'may' }]
  expect(await imported(tenant, lines(grown))).toMatchObject({ turnsAdded: 1, turnsPresent: 4 })
})

test('chunks and a whole file give the same memory', async () => {
  const [whole, chunked] = [await caliber.tenant(), await caliber.tenant()]
  await imported(whole)
  for (const [i, turn] of transcript.entries())
    await imported(chunked, lines([turn]), { firstLine: i + 1, format: 'plain' })
  const contents = async (tenant: TestTenant) =>
    (await search(tenant, 'deploy Frankfurt cluster')).items.map(({ text, sequence }) => `${sequence} ${text}`)
  expect(await contents(chunked)).toEqual(await contents(whole))
})

test('two imports of one transcript at once add each turn once', async () => {
  const tenant = await caliber.tenant()
  const results = await Promise.all([imported(tenant), imported(tenant), imported(tenant)])
  expect(results.map(({ turnsAdded }) => turnsAdded).sort()).toEqual([0, 0, 4])
})

test('a malformed line is reported by number; skipped, or the end of the import, as asked', async () => {
  const text = `${lines(transcript.slice(0, 2))}{"role":"user"\n${lines(transcript.slice(2))}`
  const skipping = await caliber.tenant()
  expect(await imported(skipping, text)).toMatchObject({ turnsAdded: 4, malformed: [{ line: 3, code: 'not_json' }] })
  const stopping = await caliber.tenant()
  expect(await imported(stopping, text, { onMalformed: 'stop' })).toMatchObject({ turnsAdded: 2, stoppedAtLine: 3 })
})

test('tool calls and results are kept as such and can be found', async () => {
  const tenant = await caliber.tenant()
  const text = lines([
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'c1', type: 'function', function: { name: 'grep', arguments: '{"q":"ferry"}' } }],
    },
    { role: 'tool', tool_call_id: 'c1', content: 'ferry.ts:12 matched' },
  ])
  const { scopeIds } = await imported(tenant, text, { format: 'openai' })
  const { items } = await tenant.call<{ items: Record<string, unknown>[] }>('turn.list', { scopeId: scopeIds[0] })
  expect(items[0]?.['toolCalls']).toEqual([{ id: 'c1', name: 'grep', input: { q: 'ferry' } }])
  expect(items[1]?.['toolResults']).toEqual([{ callId: 'c1', content: 'ferry.ts:12 matched', isError: false }])
  expect((await search(tenant, 'ferry')).items).toHaveLength(2)
})

test('W7: the tokens of a turn are those of its text as it is read back, in whatever order a tool got its fields', async () => {
  const tenant = await caliber.tenant()
  const { trajectoryId } = await tenant.call<{ trajectoryId: string }>('trajectory.start', { name: 'tools' })
  const { scopeId } = await tenant.call<{ scopeId: string }>('scope.open', { trajectoryId, name: 'tools' })
  const inputs = [
    { a: '', limit_to: true, Z: 'é' },
    { x1: [], query: 'x', path: true },
    { query: ' ', recursive: null, a: [1] },
  ]
  const turns = inputs.map((input) => ({
    role: 'assistant',
    content: '',
    toolCalls: [{ id: '1', name: 'run', input }],
  }))
  await tenant.call('turn.append', { scopeId, turns })
  const { count } = openO200k()
  const { text, receipt } = await tenant.call<KeptWindow>('context.assemble', { scopeId, budgetTokens: 1_000 })
  expect(receipt.totals.included).toBe(inputs.length)
  expect(receipt.usedTokens).toBe(count(text ?? ''))
  const { items } = await tenant.call<{ items: { text: string; tokenCount: number }[] }>('memory.search', {
    query: 'run',
  })
  expect(items.map(({ tokenCount }) => tokenCount)).toEqual(items.map((item) => count(item.text)))
})

test('a read can ask for an event that is not there yet, and is told so', async () => {
  const tenant = await caliber.tenant()
  await expect(search(tenant, 'x', { atLeastSeq: 99 })).rejects.toMatchObject({ code: 'unavailable' })
})

test('what another process writes is seen after its ring', async () => {
  const tenant = await caliber.tenant()
  const elsewhere = await caliberOver(caliber)
  try {
    await search(tenant, 'warm up')
    await elsewhere(tenant, 'note.record', { subject: 'okapi', content: 'from elsewhere' })
    const { headSeq } = await tenant.call<{ headSeq: number }>('event.since', {})
    expect((await search(tenant, 'okapi', { atLeastSeq: headSeq })).items).toHaveLength(1)
  } finally {
    await elsewhere.close()
  }
})

test('verify finds nothing wrong in a healthy memory, and names what a superuser damaged', async () => {
  const tenant = await caliber.tenant()
  await imported(tenant)
  expect(await tenant.call('memory.verify', {})).toMatchObject({ ok: true, checked: { turns: 4 }, problems: [] })
  await caliber.admin`update caliber.scope set turn_count = 9 where tenant_id = ${tenant.tenantId}`
  await caliber.admin`delete from caliber.event where tenant_id = ${tenant.tenantId} and seq = 3`
  const { ok, problemCount } = await tenant.call<{ ok: boolean; problemCount: number }>('memory.verify', {})
  expect(ok).toBe(false)
  expect(problemCount).toBe(3)
})

interface Results {
  readonly items: {
    id: string
    kind: string
    origin: string
    at: string
    text: string
    score: number
    sequence: number
    scopeId: string
  }[]
  readonly eventSeq: number
}

async function search(tenant: TestTenant, query: string, filter: object = {}): Promise<Results> {
  return tenant.call('memory.search', { query, ...filter })
}

async function assemble(tenant: TestTenant, request: object): Promise<KeptWindow> {
  return tenant.call('context.assemble', request)
}

async function superseded(tenant: TestTenant): Promise<{ note: string }> {
  const { noteId } = await tenant.call<{ noteId: string }>('note.record', {
    subject: 'region',
    content: 'Frankfurt is home',
  })
  const { note } = await tenant.call<{ note: { noteId: string } }>('note.supersede', {
    noteId,
    content: 'Stockholm is home',
  })
  return { note: note.noteId }
}

async function trajectoryOf(tenant: TestTenant): Promise<string> {
  const { items } = await tenant.call<{ items: { trajectoryId: string }[] }>('trajectory.list', {})
  return items[0]?.trajectoryId ?? ''
}

/** Another process's Caliber over the same database. */
async function caliberOver({ url }: TestCaliber) {
  const { openPostgres } = await import('../db/postgres.ts')
  const { createRuntime } = await import('../local/runtime.ts')
  const { installClaimKey, newClaimKey } = await import('../db/claimKey.ts')
  const { openSessions } = await import('../db/session.ts')
  const database = openPostgres({ url, tier: 'native' })
  const key = newClaimKey()
  await installClaimKey(database, key)
  const runtime = await createRuntime(openSessions(database, key), { now: () => clock })
  const call = ({ tenantId, principalId }: TestTenant, operation: string, input: unknown) =>
    runtime.dispatch({ operation, input, principal: { tenantId, principalId, rights: ['read', 'write', 'admin'] } })
  return Object.assign(call, {
    close: async () => {
      await runtime.close()
      await database.close()
    },
  })
}
