/** The eval at a small size on a dialogue of its own, and whether it would notice. */
import { expect, test } from 'vitest'
import type { Conversation } from '../locomo/data.ts'
import { withFreshMemory } from '../withCaliber.ts'
import { remember } from './remember.ts'
import { runMaintain } from './run.ts'
import { differs } from './runEdits.ts'
import { countingShortener } from './shortener.ts'

test('what is derived of an edited dialogue is what it would be if it were made from nothing', async () => {
  const figures = await runMaintain([dialogue()], { edits: 25, sources: 120, seed: 7 }, () => {})
  expect(figures).toMatchObject({
    'edit.edits': 25,
    'edit.differences': 0,
    'edit.forgetResidue': 0,
    'restart.modelCalls': 0,
    'restart.differences': 0,
    'forget.residue': 0,
    'forget.nearestNeighbours': 0,
    'revoke.influenced': 0,
    'revoke.othersChanged': 0,
    'recall.reextracted': 0,
  })
  expect(figures['edit.recomputeRatio']).toBeLessThan(0.5)
}, 300_000)

test('negative control: a summary or a fact that stayed behind is seen', async () => {
  await withFreshMemory({ summariser: countingShortener() }, async (caliber) => {
    const remembered = await remember(caliber, dialogue(), [])
    expect(await differs(caliber, remembered)).toBe(0)
    const [fact] = remembered.facts
    for (const turn of fact?.turns ?? []) turn.state = 'forgotten'
    expect(await differs(caliber, remembered)).toBeGreaterThanOrEqual(2)
  })
}, 300_000)

/** Three sessions of sixty turns, and a fact for every tenth. */
function dialogue(): Conversation {
  const units = Array.from({ length: 180 }, (_, i) => ({
    id: `D${Math.floor(i / 60) + 1}:${(i % 60) + 1}`,
    session: `session_${Math.floor(i / 60) + 1}`,
    speaker: i % 2 === 0 ? 'Ada' : 'Ben',
    text: `Turn ${i} is about lighthouse ${i * 7}, the gulls over pier ${i * 13}, the long wait for boat ${i} and the rain of that day.`,
    date: '1:56 pm on 8 May, 2023',
  }))
  const facts = units
    .filter((_, i) => i % 10 === 0)
    .map(({ id, text }) => ({ subject: id, text: `Noted: ${text}`, gold: [id] }))
  return { id: 'test', units, questions: [], facts }
}
