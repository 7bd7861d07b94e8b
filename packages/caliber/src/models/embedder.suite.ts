/** What every embedding model behind the port does. */
import { describe, expect, test } from 'vitest'
import type { Embedder } from './embedder.ts'

const dot = (a: Float32Array = new Float32Array(), b: Float32Array = new Float32Array()): number =>
  a.reduce((sum, value, i) => sum + value * (b[i] ?? Number.NaN), 0)

export function embedderSuite(name: string, embedder: () => Embedder): void {
  const embed = (texts: readonly string[]) => embedder().embed(texts, { signal: new AbortController().signal })

  describe(`${name} as an embedder`, () => {
    test('gives one vector of length 1 per text, in the order of the texts, however many there are', async () => {
      const texts = Array.from({ length: 150 }, (_, i) => `text number ${i}`)
      const vectors = await embed(texts)
      expect(vectors).toHaveLength(texts.length)
      for (const vector of vectors) {
        expect(vector).toHaveLength(embedder().dimensions)
        expect(dot(vector, vector)).toBeCloseTo(1, 5)
      }
      const [alone] = await embed([texts[149] ?? ''])
      expect(dot(alone, vectors[149])).toBeCloseTo(1, 5)
      expect(dot(alone, vectors[0])).toBeLessThan(0.9999)
    })

    test('gives nothing for no texts', async () => {
      expect(await embed([])).toEqual([])
    })

    test('takes texts of any script, of one character and of many', async () => {
      expect(await embed(['ж', '東京は晴れ', '🦊', 'word '.repeat(1_000)])).toHaveLength(4)
    })

    test('does nothing for a caller that has left', async () => {
      const left = embedder().embed(['too late'], { signal: AbortSignal.abort() })
      await expect(left).rejects.toMatchObject({ code: 'unavailable' })
    })
  })
}
