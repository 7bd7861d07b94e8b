import type { Summariser } from 'caliber'

/** A model of a kind: the first words of each text. Not local to Caliber, so that what it makes is kept; it counts what it is asked. */
export function countingShortener(): Summariser & { calls: number } {
  return {
    name: 'first words/1',
    isLocal: false,
    calls: 0,
    async summarise(texts) {
      this.calls += 1
      return { text: shortened(texts), inputTokens: 0, outputTokens: 0 }
    },
  }
}

export function shortened(texts: readonly string[]): string {
  const wordsEach = Math.max(2, Math.floor(100 / texts.length))
  return texts.map((text) => text.split(' ').slice(0, wordsEach).join(' ')).join('; ')
}
