/** The eval itself, on a small dialogue and, where the data is, on a few published turns. */
import { expect, test } from 'vitest'
import { type Conversation, defaultFolder, readConversations } from '../locomo/data.ts'
import { runPrefix } from './run.ts'
import { sharedPrefix } from './sharedPrefix.ts'

/** Each opens a memory of its own, which takes long on a busy machine. */
const patienceMs = 300_000

test('the shared prefix is counted in octets, over the length of the later text', () => {
  expect(sharedPrefix('abc', 'abcd')).toBe(3 / 4)
  expect(sharedPrefix('abcd', 'abc')).toBe(1)
  expect(sharedPrefix('äb', 'äc')).toBe(2 / 3)
  expect(sharedPrefix('', 'abc')).toBe(0)
})

test('three layouts of one dialogue: none over its budget, and the product shares most from window to window', {
  timeout: patienceMs,
}, async () => {
  const figures = await runPrefix([dialogue()], { budgetTokens: 600, turns: Infinity }, () => undefined)
  expect(figures).toMatchObject({ dialogues: 1, turns: 60, questions: 6 })
  expect(figures).toMatchObject({ 'assemble.overBudget': 0, 'assemble.unequalRepeats': 0 })
  expect(figures['prefix.ours']).toBeGreaterThan(figures['prefix.slidingWindow'] ?? 1)
  expect(figures['prefix.slidingWindow']).toBeGreaterThan(figures['prefix.retrievalFirst'] ?? 1)
  // What was asked for is old, so the last turns alone do not hold it.
  expect(figures['recall.ours']).toBe(100)
  expect(figures['recall.retrievalFirst']).toBe(100)
  expect(figures['recall.slidingWindow']).toBe(0)
})

const published = await readConversations(defaultFolder)

test.skipIf(!published)('a few turns of the published dialogues', { timeout: patienceMs }, async () => {
  const figures = await runPrefix(published ?? [], { budgetTokens: 1_024, turns: 6 }, () => undefined)
  expect(figures).toMatchObject({ turns: 30, 'assemble.overBudget': 0, 'assemble.unequalRepeats': 0 })
})

/** Sixty turns, of which the first ones answer the questions. */
function dialogue(): Conversation {
  const keepers = ['Anna', 'Bert', 'Cleo', 'Dora', 'Emil', 'Fred']
  const units = Array.from({ length: 60 }, (_, i) => ({
    id: `D1:${i + 1}`,
    session: 'session_1',
    speaker: i % 2 === 0 ? 'Ada' : 'Ben',
    text: keepers[i]
      ? `Ada: the lighthouse number ${i} is kept by ${keepers[i]}`
      : `Ben: ${i} gulls over pier ${i * 7}, ${i * 13} boats in dock ${i * 3}, and rain`,
    date: '1:56 pm on 8 May, 2023',
  }))
  const questions = keepers.map((keeper, number) => ({
    number,
    question: `Which lighthouse is kept by ${keeper}?`,
    category: 'singleHop' as const,
    gold: new Set([`D1:${number + 1}`]),
  }))
  return { id: 'test', units, questions, facts: [] }
}
