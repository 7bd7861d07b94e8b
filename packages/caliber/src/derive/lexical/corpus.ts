/** The documents that a score is relative to: how many there are, how long, and how many hold a term. */
export interface Corpus {
  /** Documents. */
  readonly size: number
  /** Terms of all of them together. */
  readonly totalLength: number
  /** How many of them hold a term. */
  holders(term: string): number
}

/** Several corpora as one, as they are now: no document may be in two of them. */
export function united(corpora: readonly Corpus[]): Corpus {
  const [only] = corpora
  if (only && corpora.length === 1) return only
  const counted = new Map<string, number>()
  return {
    size: total(corpora, ({ size }) => size),
    totalLength: total(corpora, ({ totalLength }) => totalLength),
    holders(term) {
      const known = counted.get(term) ?? total(corpora, (corpus) => corpus.holders(term))
      counted.set(term, known)
      return known
    },
  }
}

function total(corpora: readonly Corpus[], of: (corpus: Corpus) => number): number {
  return corpora.reduce((sum, corpus) => sum + of(corpus), 0)
}
