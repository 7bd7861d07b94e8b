import { expect, test } from 'vitest'
import { assembleWindow } from './assemble.ts'
import { type Packed, type Prices, pack } from './pack.ts'
import { divisionOf, type SectionName } from './sections.ts'
import { basisOf, item, requestOf } from './testing/candidates.ts'
import type { Candidate } from './window.ts'

const asked = divisionOf({ query: 'What now?', budgetTokens: 100 })
const goingOn = divisionOf({ query: null, budgetTokens: 100 })

/** An item costs as many tokens as its text has characters; sections are free. */
const byLength: Prices = { item: ({ item }) => item.text.length, section: () => 0 }

test('W3: an item that does not fit is skipped whole and smaller ones still get in', () => {
  const [long, short] = [candidate('retrieved', 90), candidate('retrieved', 10)]
  expect(verdicts(pack([long, short], 50, byLength, asked))).toEqual(['over_budget', 'fits'])
})

test('W5: required content beyond the budget is an error, not a truncation', () => {
  const pinned = { ...candidate('pinned', 60), required: true }
  expect(() => pack([pinned], 50, byLength, asked)).toThrow(expect.objectContaining({ code: 'budget_too_small' }))
  expect(() => assembleWindow(requestOf({ system: 'word '.repeat(600) }), basisOf([]))).toThrow(
    expect.objectContaining({ code: 'budget_too_small' }),
  )
})

test('W5: required content that fits goes in before anything else', () => {
  const standing = candidate('standing', 10)
  const pinned = { ...candidate('pinned', 95), required: true }
  expect(verdicts(pack([standing, pinned], 100, byLength, asked))).toEqual(['required', 'over_budget'])
})

test('W9: history falls in whole blocks from the oldest', () => {
  const turns = [0, 0, 1, 1, 2, 2].map((block) => ({ ...candidate('history', 10), block }))
  const packed = pack(turns, 45, byLength, asked)
  const kept = packed.filter(({ included }) => included).map(({ candidate }) => candidate.block)
  expect(kept.sort()).toEqual([1, 1, 2, 2])
  expect(packed.filter(({ reason }) => reason === 'evicted_block').map(({ candidate }) => candidate.block)).toEqual([
    0, 0,
  ])
})

test('W9: appending a turn leaves every byte before it as it was, until a block leaves', () => {
  const turns = Array.from({ length: 30 }, (_, i) => ({
    ...candidate('history', 0),
    item: item(`turn number ${i} says something`),
    block: Math.floor(i / 5),
  }))
  let before = ''
  let broken = 0
  for (let said = 1; said <= turns.length; said += 1) {
    const { text } = assembleWindow(requestOf({ query: null, budgetTokens: 300 }), basisOf(turns.slice(0, said)))
    if (!text?.startsWith(before)) broken += 1
    before = text ?? ''
  }
  expect(broken).toBeGreaterThan(0)
  expect(broken).toBeLessThanOrEqual(turns.length / 5)
})

test('W9: of a conversation that goes on, several blocks leave at once, and which depends on the blocks alone', () => {
  const blocks = Array.from({ length: 40 }, (_, block) => ({ ...candidate('history', 10), block }))
  const oldestKept = blocks.map((_, newest) => {
    const packed = pack(blocks.slice(0, newest + 1), 150, byLength, goingOn)
    return Math.min(...packed.filter(({ included }) => included).map(({ candidate }) => candidate.block ?? Infinity))
  })
  // Room for 14 blocks: they go by sevens, and seven stay at least.
  expect([...new Set(oldestKept)]).toEqual([0, 7, 14, 21, 28])
  expect(oldestKept.filter((oldest, i) => oldest !== oldestKept[i + 1])).toHaveLength(5)
})

test('W9: blocks too large to leave by several leave as few as must', () => {
  const blocks = [0, 1, 2, 3].map((block) => ({ ...candidate('history', 60), block }))
  const packed = pack(blocks, 160, byLength, goingOn)
  expect(packed.filter(({ included }) => included).map(({ candidate }) => candidate.block)).toEqual([3, 2])
})

test('W11: what follows a conversation that goes on takes its share at most, and moves no cut of the history', () => {
  const turns = Array.from({ length: 20 }, (_, block) => ({ ...candidate('history', 10), block }))
  const hits = Array.from({ length: 5 }, () => candidate('retrieved', 9))
  const alone = pack(turns, 150, byLength, goingOn)
  const followed = pack([...turns, ...hits], 150, byLength, goingOn)
  expect(followed.slice(0, turns.length)).toEqual(alone)
  expect(followed.filter(({ included, candidate }) => included && candidate.section === 'retrieved')).toHaveLength(1)
})

test('W11: what is weak gets its verdict and no room', () => {
  const weak = { ...candidate('retrieved', 5), isWeak: true }
  const packed = pack([weak, candidate('retrieved', 5)], 100, byLength, goingOn)
  expect(packed.map(({ reason }) => reason)).toEqual(['weak', 'fits'])
})

test('W3: what does not fit whole is taken in short where that fits, at its price', () => {
  const short = { ...candidate('retrieved', 90), brief: item('x'.repeat(20)) }
  const shorter = { ...candidate('retrieved', 40), brief: item('y'.repeat(5)) }
  const packed = pack([short, shorter, candidate('retrieved', 20)], 50, byLength, asked)
  expect(packed.map(({ reason, tokens }) => [reason, tokens])).toEqual([
    ['summarised', 20],
    ['summarised', 5],
    ['fits', 20],
  ])
})

test('W12: room is kept for what left the history, whether it is there or not, and none where nothing left', () => {
  const division = { ...goingOn, earlierTokens: 20 }
  const turns = Array.from({ length: 20 }, (_, block) => ({ ...candidate('history', 10), block }))
  const kept = (candidates: readonly Candidate[]) =>
    pack(candidates, 160, byLength, division)
      .filter(({ included, candidate }) => included && candidate.section === 'history')
      .map(({ candidate }) => candidate.block)
      .sort((a, b) => (a ?? 0) - (b ?? 0))
  const summary = (length: number) => candidate('earlier', length)
  for (let said = 1; said <= turns.length; said += 1) {
    const alone = kept(turns.slice(0, said))
    for (const length of [1, 13, 20, 21]) expect(kept([summary(length), ...turns.slice(0, said)])).toEqual(alone)
  }
  // 160, less a sixteenth for what is retrieved, are room for fifteen turns; for thirteen where some have left.
  expect(kept(turns.slice(0, 15))).toHaveLength(15)
  expect(kept(turns.slice(0, 16))).toEqual([7, 8, 9, 10, 11, 12, 13, 14, 15])
})

test('W10: a section leaves room for the ones after it, and takes all where there is none', () => {
  const preferences = Array.from({ length: 10 }, () => candidate('standing', 10))
  const hit = candidate('retrieved', 60)
  const contested = pack([...preferences, hit], 100, byLength, asked)
  expect(contested.filter(({ included }) => included).map(({ tokens }) => tokens)).toEqual([10, 10, 60])
  expect(contested.filter(({ reason }) => reason === 'over_share')).toHaveLength(8)
  expect(pack(preferences, 100, byLength, asked).every(({ included }) => included)).toBe(true)
})

test('an evicted turn can still be retrieved, with one verdict', () => {
  const turn = candidate('history', 40)
  const evicted = { ...turn, block: 0 }
  const newer = { ...candidate('history', 50), block: 1 }
  const packed = pack([evicted, newer, { ...turn, section: 'retrieved' }], 100, byLength, asked)
  expect(packed.map(({ candidate, reason }) => `${candidate.section} ${reason}`)).toEqual([
    'history fits',
    'retrieved fits',
  ])
})

function candidate(section: SectionName, tokens: number): Candidate {
  return { item: item('x'.repeat(tokens)), section, required: false, signals: {} }
}

const verdicts = (packed: readonly Packed[]) => packed.map(({ reason }) => reason)
