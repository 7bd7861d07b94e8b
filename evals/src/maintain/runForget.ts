/** Whether anything of what was forgotten is left: in tables, indexes and windows, and among the nearest neighbours. */
import type { Caliber, Embedder } from 'caliber'
import type { Figures } from 'caliber-bench/report'
import { vectorsArrived } from '../vectorsArrived.ts'
import type { Dialogue } from './dialogue.ts'

const dimensions = 64

/** Meaning of a kind: the words of a text, hashed. Equal texts have cosine 1. */
export const wordsAsVectors: Embedder = {
  model: 'words',
  dimensions,
  isLocal: true,
  async embed(texts) {
    return texts.map((text) => {
      const vector = new Float32Array(dimensions).fill(0.01)
      for (const word of text.toLowerCase().match(/\w+/g) ?? []) {
        let hash = 7
        for (const letter of word) hash = (hash * 31 + letter.charCodeAt(0)) % 65_521
        vector[hash % dimensions] = (vector[hash % dimensions] ?? 0) + 1
      }
      const length = Math.hypot(...vector)
      return vector.map((value) => value / length)
    })
  },
}

export async function runForget(caliber: Caliber, dialogue: Dialogue): Promise<Figures> {
  await vectorsArrived(caliber, 'anything')
  const live = dialogue.scopes.map(({ turns }) => turns.filter(({ state }) => state === 'live'))
  // What somebody said again stays said: words that stand in one turn alone.
  const standsOnce = (words: string) => live.flat().filter(({ content }) => content.includes(words)).length === 1
  const victims = live
    .flatMap((turns) => turns.find(({ content }) => content.length > 120 && standsOnce(content)) ?? [])
    .slice(0, 10)
  let residue = 0
  let neighbours = 0
  for (const { turnId, content: words } of victims) {
    await caliber.context.assemble({ query: words.slice(0, 200), budgetTokens: 1_000 })
    await caliber.trajectory.summary({ trajectoryId: dialogue.trajectoryId })
    const { receipts } = await caliber.memory.forget({ items: [turnId], reason: 'asked for' })
    await caliber.trajectory.summary({ trajectoryId: dialogue.trajectoryId })
    for (const { receiptId } of receipts) residue += (await caliber.memory.residue({ receiptId, words })).residue
    await vectorsArrived(caliber, 'anything')
    const { items } = await caliber.memory.search({ query: words, limit: 20 })
    neighbours += items.filter((item) => item.id === turnId || (item.signals.semantic ?? 0) > 0.999).length
  }
  return { 'forget.forgotten': victims.length, 'forget.residue': residue, 'forget.nearestNeighbours': neighbours }
}
