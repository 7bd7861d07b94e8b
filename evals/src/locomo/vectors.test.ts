import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { Conversation } from './data.ts'
import { makeEmbedder, readEmbedder } from './vectors.ts'

test('vectors are computed once, kept in a folder, and read from there', async () => {
  const folder = path.join(await mkdtemp(path.join(os.tmpdir(), 'caliber-vectors-')), 'made')
  const asked: string[] = []
  const model = {
    model: 'lengths',
    dimensions: 2,
    async embed(texts: readonly string[]) {
      asked.push(...texts)
      return texts.map((text) => Float32Array.of(text.length, 1))
    },
  }
  try {
    const shares: number[] = []
    const make = (conversations: readonly Conversation[]) =>
      makeEmbedder(model, folder, conversations, (share) => shares.push(share))
    await make([conversation('a')])
    await make([conversation('a'), conversation('b')])
    expect(asked).toEqual(['said in a', 'asked of a', 'said in b', 'asked of b'])
    expect(shares).toEqual([1, 1])
    const kept = await readEmbedder(folder, [conversation('b')])
    const [vector] = (await kept?.embed(['asked of b'], { signal: new AbortController().signal })) ?? []
    expect(vector).toEqual(Float32Array.of(10, 1))
    expect(kept?.dimensions).toBe(2)
  } finally {
    await rm(path.dirname(folder), { recursive: true })
  }
})

function conversation(id: string): Conversation {
  return {
    id,
    units: [{ id: 'D1:1', session: 'session_1', speaker: 'A', text: `said in ${id}`, date: '' }],
    questions: [{ number: 0, question: `asked of ${id}`, category: 'temporal', gold: new Set(['D1:1']) }],
    facts: [],
  }
}
