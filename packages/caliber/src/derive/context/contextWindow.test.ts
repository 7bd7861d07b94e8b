/** Windows of a conversation that goes on, over a memory without a database. */
import { expect, test, vi } from 'vitest'
import type { KeptWindow, WindowRequest } from '../../domain/context/window.ts'
import type { PrincipalId, ScopeId, TenantId, TurnId } from '../../domain/ids.ts'
import { commonRegionOf } from '../../domain/tenant.ts'
import type { Turn } from '../../domain/turn.ts'
import { extractiveSummariser } from '../../models/extractiveSummariser.ts'
import { openO200k } from '../../models/tokenizer.ts'
import { MemoryView } from '../memoryView.ts'
import { SummaryGraph } from '../summaries/summaryGraph.ts'
import { TenantMemory } from '../tenantMemory.ts'
import type { Variation } from './contextWindow.ts'
import { summarisedWindow } from './summarisedWindow.ts'

const tenantId = '01890a5d-ac96-774b-bcce-b302099a8057' as TenantId
const principalId = '01890a5d-ac96-774b-bcce-b302099a8058' as PrincipalId
const regionId = commonRegionOf(tenantId)
const tokenizer = openO200k()
const subjects = ['harbour', 'crane', 'ferry', 'lighthouse', 'tide', 'pilot', 'berth', 'customs', 'anchor', 'buoy']

test('W9: nearly all of a window is what the window before began with, turn after turn', async () => {
  const goesOn = await sharesOverTime(() => ({}))
  expect(mean(goesOn)).toBeGreaterThan(0.85)
  // Without cuts nothing would be shown: the conversation is several times as long as the budget.
  const cuts = goesOn.filter((share) => share < 0.1).length
  expect(cuts).toBeGreaterThan(2)
  expect(cuts).toBeLessThan(12)
  // Asked as questions, the same turns fill the window with what answers them.
  expect(mean(await sharesOverTime((query) => ({ query })))).toBeLessThan(0.6)
})

test('W1: a memory that never assembled a window before assembles the same one', async () => {
  const followed = new Conversation()
  for (let turn = 0; turn < 150; turn += 1) {
    followed.say(sentence(turn))
    const window = await followed.window()
    if (turn % 25 !== 0) continue
    const fresh = new Conversation()
    for (let again = 0; again <= turn; again += 1) fresh.say(sentence(again))
    expect(await fresh.window()).toEqual(window)
  }
})

test('W11: what matches much of the last words follows the conversation, what matches little is a near miss', async () => {
  const memory = new Conversation()
  memory.say('The harbour crane near berth seven is out of order until Friday.', 'elsewhere')
  // A turn also counts for what its neighbours say: the weak one stands further off.
  for (const word of ['one', 'two', 'three', 'four', 'five']) memory.say(`Nothing about it, ${word}.`, 'elsewhere')
  memory.say('Somebody painted the harbour blue.', 'elsewhere')
  memory.say('Is the harbour crane near berth seven out of order?')
  const { receipt, text } = await memory.window()
  const retrieved = receipt.verdicts.filter(({ section }) => section === 'retrieved').map(({ reason }) => reason)
  expect(retrieved[0]).toBe('fits')
  expect(retrieved.slice(1)).toContain('weak')
  expect(text).toContain('until Friday')
  expect(text).not.toContain('blue')
  // A question takes both.
  const asked = await memory.window({ query: 'Is the harbour crane near berth seven out of order?' })
  expect(asked.text).toContain('blue')
})

test('W12: what left the history stands before it in short, and is the same until more leaves', async () => {
  const memory = new Conversation()
  const summaries: string[] = []
  const cuts: number[] = []
  for (let turn = 0; turn < 240; turn += 1) {
    memory.say(sentence(turn))
    const window = await memory.window()
    const firstShown = shownTurns(window)[0] ?? 0
    cuts.push(firstShown)
    const summary = earlierOf(window)
    summaries.push(summary)
    expect(summary === '').toBe(firstShown === 1)
    // Each line of it was said before the cut, as a whole or in part.
    for (const line of summary.split('\n').filter((each) => each !== '')) {
      const own = line.trim().replace(/^user: /, '')
      const said = memory.said('now').findIndex((each) => each.includes(own))
      expect(said).toBeGreaterThanOrEqual(0)
      expect(said + 1).toBeLessThan(firstShown)
    }
    expect(window.receipt.summaries).toEqual(firstShown === 1 ? undefined : { model: 'extractive/1', coverage: 'full' })
  }
  expect(new Set(summaries).size).toBe(new Set(cuts).size)
  expect(new Set(cuts).size).toBeGreaterThan(3)
})

test('W12: what is set aside, is not trusted enough or is to be left out is in no summary', async () => {
  const memory = new Conversation()
  for (let turn = 0; turn < 120; turn += 1)
    memory.say(turn === 30 ? `The anchor xylophone. ${'anchor '.repeat(9)}` : sentence(turn))
  expect(earlierOf(await memory.window())).not.toBe('')
  expect(earlierOf(await memory.window({}, { without: new Set(['now 31']), shares: {} }))).toBe('')
  memory.setAside('now 31')
  const without = earlierOf(await memory.window())
  expect(without).not.toBe('')
  expect(without).not.toContain('xylophone')
  const doubted = new Conversation()
  for (let turn = 0; turn < 120; turn += 1) doubted.say(sentence(turn), 'now', turn === 3 ? 0.2 : 1)
  expect(earlierOf(await doubted.window())).not.toBe('')
  expect(earlierOf(await doubted.window({ minTrust: 0.5 }))).toBe('')
})

test('W3: an item that is too long for its place stands in short', async () => {
  const memory = new Conversation()
  const lines = Array.from({ length: 300 }, (_, i) => `Berth ${i} has a crane that lifts ${i * 7} tons.`)
  memory.say(lines.join('\n'), 'elsewhere')
  const { text, receipt } = await memory.window({
    query: 'Which crane lifts 70 tons?',
    scopeId: null,
    budgetTokens: 900,
  })
  expect(receipt.verdicts).toMatchObject([
    { id: 'elsewhere 1', section: 'retrieved', reason: 'summarised', position: 1 },
  ])
  expect(receipt.summaries).toEqual({ model: 'extractive/1', coverage: 'full' })
  expect(text).toContain('user, in short]')
  expect(text).toContain(' has a crane that lifts ')
  expect(receipt.usedTokens).toBe(tokenizer.count(text ?? ''))
})

test('a window does not wait for many summaries; they are there the next time', async () => {
  const memory = new Conversation()
  for (let turn = 0; turn < 600; turn += 1) memory.say(sentence(turn))
  const first = await memory.window()
  expect(first.receipt.summaries).toEqual({ model: 'extractive/1', coverage: 'off' })
  expect(earlierOf(first)).toBe('')
  await vi.waitFor(async () => expect((await memory.window()).receipt.summaries?.coverage).toBe('full'))
  const second = await memory.window()
  expect(earlierOf(second)).not.toBe('')
  expect(shownTurns(second)).toEqual(shownTurns(first))
})

/** Two scopes of one trajectory, `now` being the one whose windows are looked at. */
class Conversation {
  readonly #memory = new TenantMemory(tenantId)
  readonly #summaries = new SummaryGraph(tenantId, this.#memory, {
    summariser: extractiveSummariser(tokenizer.count),
    derivations: { obtain: shallNot, find: shallNot },
    // Nothing here costs anything.
    meter: { ask: async (_, { ask }) => ({ answer: await ask(() => undefined), use: undefined }) },
    tokenizer,
    now: () => new Date(0),
  })
  readonly #said = new Map<string, string[]>([
    ['now', []],
    ['elsewhere', []],
  ])

  constructor() {
    this.#memory.addTrajectory('trajectory', regionId)
    for (const scopeId of this.#said.keys()) this.#memory.addScope(scopeId, 'talk', { regionId, budgetTokens: 1_000 })
  }

  /** What was said in a scope, in its order. */
  said(scopeId: string): readonly string[] {
    return this.#said.get(scopeId) ?? []
  }

  setAside(turnId: string): void {
    this.#memory.setAside(new Set([turnId]))
  }

  say(content: string, scopeId = 'now', trust = 1): void {
    const sequence = this.#said.get(scopeId)?.push(content) ?? 0
    const turn: Turn = {
      turnId: `${scopeId} ${sequence}` as TurnId,
      scopeId: scopeId as ScopeId,
      sequence,
      role: 'user',
      content,
      toolCalls: [],
      toolResults: [],
      tokenCount: tokenizer.count(content),
      trust,
      digest: '',
      saidAt: new Date(Date.UTC(2026, 4, 1, 9, sequence)).toISOString(),
    }
    this.#memory.addTurn(turn, regionId, 'trajectory')
  }

  async window(asked: Partial<WindowRequest> = {}, variation?: Variation): Promise<KeptWindow> {
    const request: WindowRequest = {
      scopeId: 'now' as ScopeId,
      trajectoryId: null,
      query: null,
      system: null,
      pins: [],
      minTrust: 0,
      budgetTokens: 3_000,
      format: 'markdown',
      ...asked,
    }
    const view = new MemoryView(this.#memory, { principalId }, this.#summaries)
    const { window } = await summarisedWindow(request, async () => ({ memory: view, vectors: new Map() }), {
      tokenizer,
      at: new Date(0),
      variation,
    })
    return window
  }
}

/** Every turn speaks of two subjects, each of which comes back later among other words. */
function sentence(turn: number): string {
  const [one, other] = [subjects[turn % 10], subjects[(turn * 7 + Math.floor(turn / 10)) % 10]]
  const others = Array.from({ length: 6 }, (_, i) => `word${(turn * 37 + i * 101) % 700}`)
  return `The ${one} and the ${other}: ${others.join(', ')}.`
}

/** Of a conversation, how much of each window but the first short ones the window before began with. */
async function sharesOverTime(asked: (said: string) => Partial<WindowRequest>): Promise<readonly number[]> {
  const memory = new Conversation()
  const shares: number[] = []
  let before = ''
  for (let turn = 0; turn < 240; turn += 1) {
    memory.say(sentence(turn))
    const { text } = await memory.window(asked(sentence(turn)))
    shares.push(sharedLength(before, text ?? '') / (text ?? '').length)
    before = text ?? ''
  }
  return shares.slice(20)
}

/** The sequence numbers of the turns that stand in a window's history. */
function shownTurns({ receipt }: KeptWindow): readonly number[] {
  return receipt.verdicts
    .filter(({ section, verdict }) => section === 'history' && verdict === 'included')
    .map(({ id }) => Number(id.split(' ')[1]))
}

/** What stands in a window for what left its history; empty where nothing does. */
function earlierOf({ text }: KeptWindow): string {
  const [, section = ''] = (text ?? '').split('## Earlier in this conversation, in short\n')
  return (section.split('\n## ')[0] ?? '').replace(/^- \[[^\]]*\] /, '')
}

function shallNot(): Promise<never> {
  throw new TypeError('Nothing is kept of what is made here.')
}

function sharedLength(before: string, text: string): number {
  let same = 0
  while (same < before.length && before[same] === text[same]) same += 1
  return same
}

const mean = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length
