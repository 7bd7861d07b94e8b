/** Vectors that were computed before, as an embedding model: `minilm.f32` holds them, `minilm.ids.json` says whose they are. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Embedder } from 'caliber'
import type { Conversation } from './data.ts'

/** @returns undefined where the folder holds no vectors */
export async function readEmbedder(
  folder: string,
  conversations: readonly Conversation[],
): Promise<Embedder | undefined> {
  const octets = await readFile(path.join(folder, 'minilm.f32')).catch(() => undefined)
  const names = await readFile(path.join(folder, 'minilm.ids.json'), 'utf8').catch(() => undefined)
  if (!octets || names === undefined) return undefined
  const ids = JSON.parse(names) as readonly string[]
  const numbers = new Float32Array(octets.buffer.slice(octets.byteOffset, octets.byteOffset + octets.byteLength))
  const dimensions = numbers.length / ids.length
  const rowOf = new Map(ids.map((id, row) => [id, row]))
  const vectorOf = new Map<string, Float32Array>()
  for (const { id, units, questions } of conversations) {
    const texts = [
      ...units.map((unit) => ({ name: unit.id, text: unit.text })),
      ...questions.map(({ number, question }) => ({ name: `q${number}`, text: question })),
    ]
    for (const { name, text } of texts) {
      const row = rowOf.get(`${id}|${name}`)
      if (row !== undefined) vectorOf.set(text, numbers.slice(row * dimensions, (row + 1) * dimensions))
    }
  }
  // Of a turn without what it echoes nothing was computed: it gets the vector of the whole.
  const wholeOf = (own: string) => [...vectorOf.keys()].find((text) => text.includes(own.split(' … ')[0] ?? own))
  return {
    model: 'all-MiniLM-L6-v2',
    dimensions,
    async embed(texts) {
      return texts.map((text) => {
        const vector = vectorOf.get(text) ?? vectorOf.get(wholeOf(text) ?? '')
        if (!vector) throw new Error(`there is no vector of ${JSON.stringify(text)}`)
        return vector
      })
    },
  }
}
