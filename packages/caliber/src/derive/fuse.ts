/**
 * One ranking from two: by words and by meaning.
 *
 *     fused = (2 · lexical / best lexical + (cosine − mean) / (best cosine − mean)) / 3
 *
 * a convex combination of normalised scores (Bruch, Gai & Ingber, TOIS 2023, who find it better than reciprocal ranks, as
 * do we). A cosine counts from the mean over everything that was searched, because models differ in how far from 0 they
 * put what has nothing in common; below the mean it counts nothing. Words weigh twice as much as meaning: on LoCoMo,
 * recall under 2,048 tokens stays within 0.6 points for weights of meaning from 0.2 to 0.4. See docs/adr/0010-hybrid-retrieval.md.
 */
import type { Hit } from './lexical/bm25.ts'
import type { VectorHits } from './vector/vectorIndex.ts'

/** A document in the common ranking. A signal that did not speak is missing. */
export interface Fused {
  readonly doc: number
  readonly lexical?: number
  readonly semantic?: number
  /** 0..1 */
  readonly fused: number
}

const lexicalWeight = 2 / 3
const semanticWeight = 1 / 3

/**
 * Highest score first, equal ones by lower ordinal.
 *
 * @param lexical best first
 * @param cosineOf the cosine of a document that the lexical ranking found; undefined where it has no vector
 */
export function fuse(
  lexical: readonly Hit[],
  { hits, mean }: VectorHits,
  cosineOf: (doc: number) => number | undefined,
): readonly Fused[] {
  const bestLexical = lexical[0]?.score ?? 0
  const reach = (hits[0]?.cosine ?? mean) - mean
  const share = (cosine: number | undefined) =>
    cosine === undefined || reach <= 0 ? 0 : Math.max(0, (cosine - mean) / reach) * semanticWeight
  const found = new Map<number, Fused>()
  for (const { doc, score } of lexical) {
    const cosine = cosineOf(doc)
    const fused = (score / bestLexical) * lexicalWeight + share(cosine)
    found.set(doc, { doc, lexical: score, ...(cosine !== undefined && { semantic: cosine }), fused })
  }
  for (const { doc, cosine } of hits) {
    if (!found.has(doc) && cosine > mean) found.set(doc, { doc, semantic: cosine, fused: share(cosine) })
  }
  return [...found.values()].sort((a, b) => b.fused - a.fused || a.doc - b.doc)
}
