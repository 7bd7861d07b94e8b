/** Windows of a conversation that goes on, over a memory without a database. */
import { expect, test } from 'vitest'
import type { KeptWindow, WindowRequest } from '../../domain/context/window.ts'
import type { PrincipalId, ScopeId, TenantId, TurnId } from '../../domain/ids.ts'
import { commonRegionOf } from '../../domain/tenant.ts'
import type { Turn } from '../../domain/turn.ts'
import { openO200k } from '../../models/tokenizer.ts'
import { MemoryView } from '../memoryView.ts'
import { TenantMemory } from '../tenantMemory.ts'
import { contextWindow } from './contextWindow.ts'

const tenantId = '01890a5d-ac96-774b-bcce-b302099a8057' as TenantId
const principalId = '01890a5d-ac96-774b-bcce-b302099a8058' as PrincipalId
const regionId = commonRegionOf(tenantId)
const tokenizer = openO200k()
const subjects = ['harbour', 'crane', 'ferry', 'lighthouse', 'tide', 'pilot', 'berth', 'customs', 'anchor', 'buoy']

test('W9: nearly all of a window is what the window before began with, turn after turn', () => {
  const goesOn = sharesOverTime(() => ({}))
  expect(mean(goesOn)).toBeGreaterThan(0.85)
  // Without cuts nothing would be shown: the conversation is several times as long as the budget.
  const cuts = goesOn.filter((share) => share < 0.1).length
  expect(cuts).toBeGreaterThan(2)
  expect(cuts).toBeLessThan(12)
  // Asked as questions, the same turns fill the window with what answers them.
  expect(mean(sharesOverTime((query) => ({ query })))).toBeLessThan(0.6)
})

test('W1: a memory that never assembled a window before assembles the same one', () => {
  const followed = new Conversation()
  for (let turn = 0; turn < 150; turn += 1) {
    followed.say(sentence(turn))
    const window = followed.window()
    if (turn % 25 !== 0) continue
    const fresh = new Conversation()
    for (let again = 0; again <= turn; again += 1) fresh.say(sentence(again))
    expect(fresh.window()).toEqual(window)
  }
})

test('W11: what matches much of the last words follows the conversation, what matches little is a near miss', () => {
  const memory = new Conversation()
  memory.say('The harbour crane near berth seven is out of order until Friday.', 'elsewhere')
  // A turn also counts for what its neighbours say: the weak one stands further off.
  for (const word of ['one', 'two', 'three', 'four', 'five']) memory.say(`Nothing about it, ${word}.`, 'elsewhere')
  memory.say('Somebody painted the harbour blue.', 'elsewhere')
  memory.say('Is the harbour crane near berth seven out of order?')
  const { receipt, text } = memory.window()
  const retrieved = receipt.verdicts.filter(({ section }) => section === 'retrieved').map(({ reason }) => reason)
  expect(retrieved[0]).toBe('fits')
  expect(retrieved.slice(1)).toContain('weak')
  expect(text).toContain('until Friday')
  expect(text).not.toContain('blue')
  // A question takes both.
  expect(memory.window({ query: 'Is the harbour crane near berth seven out of order?' }).text).toContain('blue')
})

/** Two scopes of one trajectory, `now` being the one whose windows are looked at. */
class Conversation {
  readonly #memory = new TenantMemory(tenantId)
  readonly #said = new Map([
    ['now', 0],
    ['elsewhere', 0],
  ])

  constructor() {
    this.#memory.addTrajectory('trajectory', regionId)
    for (const scopeId of this.#said.keys()) this.#memory.addScope(scopeId, 'talk', { regionId, budgetTokens: 1_000 })
  }

  say(content: string, scopeId = 'now'): void {
    const sequence = (this.#said.get(scopeId) ?? 0) + 1
    this.#said.set(scopeId, sequence)
    const turn: Turn = {
      turnId: `${scopeId} ${sequence}` as TurnId,
      scopeId: scopeId as ScopeId,
      sequence,
      role: 'user',
      content,
      toolCalls: [],
      toolResults: [],
      tokenCount: tokenizer.count(content),
      trust: 1,
      digest: '',
      saidAt: new Date(Date.UTC(2026, 4, 1, 9, sequence)).toISOString(),
    }
    this.#memory.addTurn(turn, regionId, 'trajectory')
  }

  window(asked: Partial<WindowRequest> = {}): KeptWindow {
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
    const { window } = contextWindow(request, new MemoryView(this.#memory, { principalId }), {
      tokenizer: tokenizer.name,
      countTokens: tokenizer.count,
      at: new Date(0),
      vectors: new Map(),
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
function sharesOverTime(asked: (said: string) => Partial<WindowRequest>): readonly number[] {
  const memory = new Conversation()
  let before = ''
  return Array.from({ length: 240 }, (_, turn) => {
    memory.say(sentence(turn))
    const { text } = memory.window(asked(sentence(turn)))
    const share = sharedLength(before, text ?? '') / (text ?? '').length
    before = text ?? ''
    return share
  }).slice(20)
}

function sharedLength(before: string, text: string): number {
  let same = 0
  while (same < before.length && before[same] === text[same]) same += 1
  return same
}

const mean = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length
