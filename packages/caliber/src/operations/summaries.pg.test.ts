/** Summaries over a real database and a model behind a real local server: made once, kept, true, and gone with their sources. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { Derivations } from '../derive/summaries/derivations.ts'
import type { Source } from '../derive/summaries/summaryTree.ts'
import { textDigest } from '../derive/textDigest.ts'
import { Meter } from '../derive/use/meter.ts'
import type { KeptWindow } from '../domain/context/window.ts'
import { CaliberError } from '../domain/errors.ts'
import { createRuntime } from '../local/runtime.ts'
import { openAiSummariser } from '../models/openAiSummariser.ts'
import type { Summariser } from '../models/summariser.ts'
import { type ChatServer, chatServer } from '../models/testing/chatServer.ts'
import { callsAs, type TestCaliber, type TestPrincipal, type TestTenant, testCaliber } from './testing/tenant.ts'

interface Answer {
  readonly text: string
  readonly tokenCount: number
  readonly eventSeq: number
}

let server: ChatServer
let caliber: TestCaliber
const summariser = () =>
  openAiSummariser({ baseUrl: server.baseUrl, model: 'small', sleep: async () => {}, attempts: 1 })
beforeAll(async () => {
  server = await chatServer()
  caliber = await testCaliber({ summariser: summariser() })
})
beforeEach(() => {
  server.requests.length = 0
  server.prompts.length = 0
})
afterAll(async () => {
  await caliber.close()
  await server.close()
})

test('what recurs in a region is derived from its trajectories, and a turn more asks for the nodes above it', async () => {
  const { tenant } = await dialogue(0)
  const talks = await Promise.all(Array.from({ length: 9 }, () => talk(tenant, 33)))
  const principles = () => tenant.call<Answer>('region.principles', { regionId: tenant.tenantId })
  const before = await principles()
  expect(before.text).not.toBe('')
  expect(server.prompts.filter((prompt) => prompt.includes('principles'))).toHaveLength(3)
  // Two full leaves of each scope and the node over them; the nodes over eight trajectories and over two, and the one over both.
  expect(server.requests.splice(0)).toHaveLength(9 * 3 + 3)
  expect(await principles()).toEqual(before)
  expect(server.requests).toEqual([])
  const secret = await say(tenant, talks[3] ?? '', 'xylophone herring harbour, told at length so that it counts.')
  await principles()
  expect(server.requests.splice(0).length).toBeLessThanOrEqual(3)
  await tenant.call('memory.forget', { items: [secret], reason: 'asked for' })
  expect(await principles()).toMatchObject({ text: before.text })
  expect(await tenant.call('memory.residue', { words: 'xylophone' })).toEqual({ residue: 0, places: [] })
  const closed = await tenant.call<{ regionId: string }>('region.create', { name: 'own', kind: 'private' })
  const stranger = await tenant.member()
  await expect(stranger.call('region.principles', { regionId: closed.regionId })).rejects.toMatchObject({
    code: 'not_found',
  })
  expect(await tenant.call('region.principles', { regionId: closed.regionId })).toMatchObject({ text: '', trust: 1 })
})

test('what is short stands for itself, and nothing said is nothing', async () => {
  const { tenant, scopeId } = await dialogue(2)
  expect(await summarised(tenant, scopeId)).toEqual({
    text: 'user: Turn 0 tells of herring and of harbour 0 at length.\nuser: Turn 1 tells of herring and of harbour 1 at length.',
    tokenCount: expect.any(Number),
    trust: 1,
    eventSeq: expect.any(Number),
  })
  const empty = await dialogue(0)
  expect(await summarised(empty.tenant, empty.scopeId)).toMatchObject({ text: '', tokenCount: 0 })
  expect(server.requests).toEqual([])
})

test('a turn more asks the model for the nodes above it and no others', async () => {
  const { tenant, scopeId } = await dialogue(160)
  const { text } = await summarised(tenant, scopeId)
  expect(text).not.toBe('')
  // Ten leaves and two nodes over them, which together are short enough to stand for themselves.
  expect(server.requests.splice(0)).toHaveLength(12)
  await summarised(tenant, scopeId)
  expect(server.requests).toEqual([])
  await say(tenant, scopeId, 'One more: the tide turns at noon.')
  expect(await summarised(tenant, scopeId)).not.toMatchObject({ text })
  expect(server.requests.length).toBeLessThanOrEqual(3)
})

test('a process that starts again, and a second one, ask the model for nothing and say the same', async () => {
  const { tenant, scopeId, trajectoryId } = await dialogue(160)
  const before = await summarised(tenant, scopeId)
  const whole = await tenant.call<Answer>('trajectory.summary', { trajectoryId })
  server.requests.splice(0)
  const again = await createRuntime(caliber.sessions, { summariser: summariser() })
  try {
    const same = callsAs({ ...tenant, rights: ['read'] }, again)
    expect(await summarised(same, scopeId)).toEqual(before)
    expect(await same.call('trajectory.summary', { trajectoryId })).toEqual(whole)
    expect(server.requests).toEqual([])
  } finally {
    await again.close()
  }
})

test('several processes that want the same summary make each part once', async () => {
  const { tenant, scopeId } = await dialogue(64)
  const others = await Promise.all([1, 2].map(() => createRuntime(caliber.sessions, { summariser: summariser() })))
  try {
    const asking = [tenant, ...others.map((runtime) => callsAs({ ...tenant, rights: ['read'] }, runtime))]
    const answers = await Promise.all(asking.map((each) => summarised(each, scopeId)))
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect(server.requests).toHaveLength(5)
    expect(await rows(tenant)).toBe(5)
  } finally {
    for (const other of others) await other.close()
  }
})

test('a forgotten turn is in no summary, kept or held; the rest is not made again', async () => {
  const { tenant, scopeId, turnIds } = await dialogue(160, 77)
  const before = await summarised(tenant, scopeId)
  expect(JSON.stringify(server.requests.splice(0))).toContain('xylophone')
  const { receipts } = await tenant.call<{ receipts: { receiptId: string }[] }>('memory.forget', {
    items: [turnIds[77]],
    reason: 'asked for',
  })
  expect(await rows(tenant)).toBe(10)
  expect(await tenant.call('memory.residue', { words: 'xylophone', receiptId: receipts[0]?.receiptId })).toEqual({
    residue: 0,
    places: [],
  })
  const after = await summarised(tenant, scopeId)
  expect(after.eventSeq).toBeGreaterThan(before.eventSeq)
  expect(server.requests).toHaveLength(2)
  expect(JSON.stringify(server.requests)).not.toContain('xylophone')
  expect(await rows(tenant)).toBe(12)
})

test('what is distrusted influences no summary, and restoring it brings the old one back', async () => {
  const { tenant, scopeId, turnIds } = await dialogue(40, 20)
  const before = await summarised(tenant, scopeId)
  server.requests.splice(0)
  const { distrustId } = await tenant.call<{ distrustId: string }>('memory.revoke', {
    itemId: turnIds[20],
    reason: 'forged',
  })
  await summarised(tenant, scopeId)
  expect(server.requests.length).toBeGreaterThan(0)
  expect(JSON.stringify(server.requests)).not.toContain('xylophone')
  await tenant.call('memory.restore', { distrustId })
  expect(await summarised(tenant, scopeId)).toMatchObject({ text: before.text })
})

test('what a model failed to make again keeps no words of a turn that its parts lost meanwhile', async () => {
  const { tenant, scopeId, turnIds } = await dialogue(128, 64)
  await summarised(tenant, scopeId)
  for (const turn of [0, 64]) await tenant.call('memory.revoke', { itemId: turnIds[turn], reason: 'forged' })
  // Of the two leaves that have lost a turn the first cannot be made: the node above them is not asked for.
  server.fail((response) => void response.writeHead(401).end())
  await expect(summarised(tenant, scopeId)).rejects.toMatchObject({ code: 'unavailable' })
  await expect.poll(() => rows(tenant)).toBe(7)
  await tenant.call('memory.forget', { items: [turnIds[64]], reason: 'asked for' })
  expect(await tenant.call('memory.residue', { words: 'xylophone' })).toEqual({ residue: 0, places: [] })
})

test('a model that fails is an error that passes: whoever asks again gets the summary', async () => {
  const { tenant, scopeId } = await dialogue(20)
  server.fail((response) => void response.writeHead(401).end())
  await expect(summarised(tenant, scopeId)).rejects.toMatchObject({ code: 'unavailable' })
  server.fail((response) => void response.writeHead(400).end())
  await expect(summarised(tenant, scopeId)).rejects.toMatchObject({ code: 'unavailable' })
  expect((await summarised(tenant, scopeId)).text).not.toBe('')
})

test('a turn that goes while the model works on it leaves nothing behind', async () => {
  const { tenant, scopeId, turnIds } = await dialogue(16, 3)
  let release = () => {}
  server.hold(
    new Promise((resolve) => {
      release = resolve
    }),
  )
  const summary = summarised(tenant, scopeId).catch(() => undefined)
  await expect.poll(() => server.requests.length).toBe(1)
  await tenant.call('memory.forget', { items: [turnIds[3]], reason: 'asked for' })
  release()
  await summary
  await summarised(tenant, scopeId)
  expect(await tenant.call('memory.residue', { words: 'xylophone' })).toEqual({ residue: 0, places: [] })
})

test('a claim whose value was dropped meanwhile publishes nothing under the claim of somebody else', async () => {
  const { tenant, turnIds } = await dialogue(1)
  const derivations = new Derivations(caliber.sessions, new Meter(caliber.sessions, { now: () => new Date() }))
  const derivation = {
    id: randomUUID(),
    kind: 'summary' as const,
    regionId: tenant.tenantId,
    model: 'small',
    signal: new AbortController().signal,
  }
  const obtain = (action: string, make: () => Promise<string>, ...sources: readonly Source[]) =>
    derivations.obtain(tenant.tenantId, { ...derivation, action: textDigest(action), sources }, async () => ({
      answer: { text: await make(), inputTokens: 0, outputTokens: 0 },
      use: undefined,
    }))
  const [late, later] = [gate(), gate()]
  await obtain('first', async () => 'first', { id: turnIds[0] ?? '' })
  const overtaken = obtain('second', late.passed)
  await late.reached
  await tenant.call('memory.forget', { items: [turnIds[0]], reason: 'asked for' })
  await expect(obtain('third', () => Promise.reject(new Error('away')))).rejects.toThrow('away')
  const last = obtain('fourth', later.passed)
  await later.reached
  late.open('second')
  expect(await overtaken).toBe('second')
  expect(await rows(tenant)).toBe(0)
  later.open('fourth')
  expect(await last).toBe('fourth')
  expect(await rows(tenant)).toBe(1)
})

test('a window waits for no model, has what it made the next time, and asks for nothing again', async () => {
  const { tenant, scopeId } = await dialogue(160)
  const open = gate()
  server.hold(open.passed().then(() => undefined))
  expect(await summariesOf(tenant, scopeId)).toEqual({ model: expect.stringContaining('small'), coverage: 'off' })
  open.open('')
  await expect.poll(() => summariesOf(tenant, scopeId)).toMatchObject({ coverage: 'full' })
  const window = await assembled(tenant, scopeId)
  expect(window.text).toContain('summary]')
  server.requests.splice(0)
  const again = await createRuntime(caliber.sessions, { summariser: summariser() })
  try {
    const same = callsAs({ ...tenant, rights: ['read'] }, again)
    await expect.poll(() => summariesOf(same, scopeId)).toMatchObject({ coverage: 'full' })
    expect((await assembled(same, scopeId)).text).toBe(window.text)
    // A turn more changes no leaf below the cut, and a window of the past none at all.
    await say(tenant, scopeId, 'One more: the tide turns at noon.')
    expect(await summariesOf(tenant, scopeId)).toMatchObject({ coverage: 'full' })
    expect(await same.call('context.replay', { windowId: window.windowId })).toMatchObject({ isSame: true })
    expect(server.requests).toEqual([])
  } finally {
    await again.close()
  }
})

test('while the model is away windows go without, and it is left alone for a while', async () => {
  const { tenant, scopeId } = await dialogue(160)
  server.fail((response) => void response.writeHead(401).end())
  await expect
    .poll(async () => {
      expect(await summariesOf(tenant, scopeId)).toMatchObject({ coverage: 'off' })
      return server.requests.length
    })
    .toBeGreaterThan(0)
  const { length } = server.requests
  for (let i = 0; i < 5; i += 1) expect(await summariesOf(tenant, scopeId)).toMatchObject({ coverage: 'off' })
  expect(server.requests.length).toBeLessThanOrEqual(length + 4)
})

test('what was made of a value that has been made anew meanwhile is not kept: its lineage would not lead to all it says', async () => {
  const { tenant, turnIds } = await dialogue(1)
  const meter = new Meter(caliber.sessions, { now: () => new Date() })
  const derivations = new Derivations(caliber.sessions, meter)
  const { signal } = new AbortController()
  const [child, parent] = [randomUUID(), randomUUID()]
  const obtain = (id: string, action: string, make: () => Promise<string>, ...sources: readonly Source[]) =>
    derivations.obtain(
      tenant.tenantId,
      { id, kind: 'summary', regionId: tenant.tenantId, model: 'small', action: textDigest(action), sources, signal },
      async () => ({ answer: { text: await make(), inputTokens: 0, outputTokens: 0 }, use: undefined }),
    )
  await obtain(child, 'of a turn', async () => 'xylophone', { id: turnIds[0] ?? '' })
  const slow = gate()
  const over = obtain(parent, 'over it', slow.passed, { id: child, action: textDigest('of a turn') })
  await slow.reached
  await obtain(child, 'of nothing', async () => 'silence')
  slow.open('xylophone, again')
  expect(await over).toBe('xylophone, again')
  expect(await rows(tenant)).toBe(1)
  await obtain(parent, 'over the new one', async () => 'silence', { id: child, action: textDigest('of nothing') })
  expect(await rows(tenant)).toBe(2)
  await tenant.call('memory.forget', { items: [turnIds[0]], reason: 'asked for' })
  expect(await tenant.call('memory.residue', { words: 'xylophone' })).toEqual({ residue: 0, places: [] })
})

test('what waits for the model is claimed by nobody', async () => {
  const { tenant, scopeId } = await dialogue(160)
  const open = gate()
  server.hold(open.passed().then(() => undefined))
  const summary = summarised(tenant, scopeId)
  await expect.poll(() => server.requests.length).toBeGreaterThanOrEqual(4)
  const claims = await caliber.admin`select 1 from caliber.derivation where tenant_id = ${tenant.tenantId}`
  open.open('')
  expect(claims).toHaveLength(4)
  expect((await summary).text).not.toBe('')
})

test('what waited for a model that went away is not asked for one by one', async () => {
  const { tenant, scopeId } = await dialogue(160)
  let asked = 0
  const away: Summariser = {
    name: 'away',
    isLocal: false,
    async summarise() {
      asked += 1
      throw new CaliberError('unavailable', 'The model is away.')
    },
  }
  const without = await createRuntime(caliber.sessions, { summariser: away })
  try {
    const caller = callsAs({ ...tenant, rights: ['read'] }, without)
    await expect(summarised(caller, scopeId)).rejects.toMatchObject({ code: 'unavailable' })
    for (let i = 0; i < 40; i += 1) await caller.call('memory.search', { query: 'herring' })
    expect(asked).toBeLessThanOrEqual(4)
  } finally {
    await without.close()
  }
})

test('a text that the model refuses takes no summaries away but those that it stands in', async () => {
  const { tenant, scopeId } = await dialogue(160, 3)
  const other = await talk(tenant, 160)
  let refused = 0
  const refusing: Summariser = {
    name: 'refusing',
    isLocal: false,
    async summarise(texts) {
      if (texts.some((text) => text.includes('xylophone'))) {
        refused += 1
        throw new CaliberError('invalid_input', 'The model refused a text.')
      }
      return { text: texts.map((text) => text.slice(0, 40)).join('; '), inputTokens: 0, outputTokens: 0 }
    },
  }
  const runtime = await createRuntime(caliber.sessions, { summariser: refusing })
  try {
    const caller = callsAs({ ...tenant, rights: ['read'] }, runtime)
    await expect.poll(() => summariesOf(caller, other)).toMatchObject({ coverage: 'full' })
    expect(await summariesOf(caller, scopeId)).toMatchObject({ coverage: 'off' })
    await expect.poll(() => refused).toBe(1)
    await expect.poll(() => summariesOf(caller, other)).toMatchObject({ coverage: 'full' })
    for (let i = 0; i < 5; i += 1) expect(await summariesOf(caller, scopeId)).toMatchObject({ coverage: 'off' })
    expect(refused).toBe(1)
  } finally {
    await runtime.close()
  }
})

test('a model is shown the beginning of an item that is very long', async () => {
  const { tenant, trajectoryId } = await dialogue(0)
  const content = Array.from({ length: 9_000 }, (_, i) => `Berth ${i} has a crane that lifts ${i * 7} tons.`).join('\n')
  await tenant.call('artifact.put', { trajectoryId, type: 'plan', name: 'berths', content })
  const window = () => tenant.call<KeptWindow>('context.assemble', { query: 'Which crane lifts 70 tons?' })
  await expect.poll(async () => (await window()).receipt.summaries).toMatchObject({ coverage: 'full' })
  expect(server.requests.flat().map(({ length }) => length)).toEqual([128_000])
})

test('a replay waits for what is kept, while others write', async () => {
  const { tenant, scopeId } = await dialogue(160)
  const meanwhile = async () => {
    await say(tenant, scopeId, 'One more: the tide turns at noon.')
    expect(await summariesOf(tenant, scopeId)).toMatchObject({ coverage: 'off' })
  }
  expect(await replayAmid(tenant, scopeId, meanwhile)).toMatchObject({ isSame: true, changes: [] })
})

test('a replay that differs says what came while it waited', async () => {
  const { tenant, scopeId, turnIds } = await dialogue(160)
  const meanwhile = async () => {
    await tenant.call('memory.revoke', { itemId: turnIds.at(-1), reason: 'forged' })
    await tenant.call('memory.search', { query: 'herring' })
  }
  expect(await replayAmid(tenant, scopeId, meanwhile)).toMatchObject({
    isSame: false,
    changes: [{ kind: 'memory.revoked' }],
  })
})

test('a scope in a region that is closed to somebody has no summary for them', async () => {
  const { tenant, scopeId, trajectoryId } = await dialogue(20, undefined, 'private')
  await summarised(tenant, scopeId)
  const stranger = await tenant.member()
  await expect(summarised(stranger, scopeId)).rejects.toMatchObject({ code: 'not_found' })
  await expect(stranger.call('trajectory.summary', { trajectoryId })).rejects.toMatchObject({ code: 'not_found' })
})

test('without a model the sentences that say most are chosen, and nothing is kept', async () => {
  const plain = await createRuntime(caliber.sessions)
  try {
    const { tenant, scopeId } = await dialogue(64)
    const { text, tokenCount } = await summarised(callsAs({ ...tenant, rights: ['read'] }, plain), scopeId)
    expect(text).toContain('herring')
    expect(tokenCount).toBeLessThanOrEqual(160)
    expect(server.requests).toEqual([])
    expect(await rows(tenant)).toBe(0)
  } finally {
    await plain.close()
  }
})

/** Replay a window with summaries; while it waits for them, do something. */
async function replayAmid(tenant: TestTenant, scopeId: string, meanwhile: () => Promise<unknown>): Promise<unknown> {
  await expect.poll(() => summariesOf(tenant, scopeId)).toMatchObject({ coverage: 'full' })
  const { windowId } = await assembled(tenant, scopeId)
  const replay = await caliber.admin.begin(async (sql) => {
    await sql`lock table caliber.derivation in access exclusive mode`
    const answer = tenant.call('context.replay', { windowId })
    const waiting = () => sql`select 1 from pg_locks where not granted and relation = 'caliber.derivation'::regclass`
    await expect.poll(waiting).toHaveLength(1)
    await meanwhile()
    return { answer }
  })
  return replay.answer
}

const assembled = (principal: TestPrincipal, scopeId: string) =>
  principal.call<KeptWindow>('context.assemble', { scopeId, budgetTokens: 4_096 })

const summariesOf = async (principal: TestPrincipal, scopeId: string) =>
  (await assembled(principal, scopeId)).receipt.summaries

function summarised(principal: TestPrincipal, scopeId: string): Promise<Answer> {
  return principal.call<Answer>('scope.summary', { scopeId })
}

/** A scope of turns that are alike but for their numbers, and one that names what no other does. */
async function dialogue(turns: number, special?: number, kind?: 'private') {
  const tenant = await caliber.tenant()
  const region = kind && (await tenant.call<{ regionId: string }>('region.create', { name: 'own', kind }))
  const started = await tenant.call<{ trajectoryId: string }>('trajectory.start', {
    name: 'talk',
    ...(region && { regionId: region.regionId }),
  })
  const { trajectoryId } = started
  const { scopeId } = await tenant.call<{ scopeId: string }>('scope.open', { trajectoryId, name: 'talk' })
  const turnIds: string[] = []
  for (let i = 0; i < turns; i += 1) {
    const content =
      i === special
        ? 'xylophone herring harbour, told at length so that it counts.'
        : `Turn ${i} tells of herring and of harbour ${i} at length.`
    turnIds.push(await say(tenant, scopeId, content))
  }
  return { tenant, trajectoryId, scopeId, turnIds }
}

/** Another trajectory of turns. @returns its scope */
async function talk(tenant: TestTenant, turns: number): Promise<string> {
  const { trajectoryId } = await tenant.call<{ trajectoryId: string }>('trajectory.start', { name: 'talk' })
  const { scopeId } = await tenant.call<{ scopeId: string }>('scope.open', { trajectoryId, name: 'talk' })
  for (let i = 0; i < turns; i += 1)
    await say(tenant, scopeId, `${scopeId} says ${i} of herring and harbour at length.`)
  return scopeId
}

async function say(tenant: TestTenant, scopeId: string, content: string): Promise<string> {
  const { turns } = await tenant.call<{ turns: { turnId: string }[] }>('turn.append', {
    scopeId,
    turns: [{ role: 'user', content }],
  })
  return String(turns[0]?.turnId)
}

async function rows({ tenantId }: TestTenant): Promise<number> {
  const [row] = await caliber.admin<{ n: number }[]>`
    select count(*)::int as n from caliber.derivation where tenant_id = ${tenantId} and status = 'ready'`
  return Number(row?.n)
}

/** A function that says when it was called, and answers when it is told to. */
function gate() {
  let [arrive, open] = [() => {}, (_: string) => {}]
  const reached = new Promise<void>((resolve) => {
    arrive = resolve
  })
  const answer = new Promise<string>((resolve) => {
    open = resolve
  })
  const passed = () => {
    arrive()
    return answer
  }
  return { reached, passed, open }
}
