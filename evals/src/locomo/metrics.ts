/** Evidence recall, as the baselines in the data's README define it. Units are turns; values are 0..1. */

/** Share of the gold units among the first k. */
export function recallAt(k: number, ranking: readonly string[], gold: ReadonlySet<string>): number {
  return ranking.slice(0, k).filter((unit) => gold.has(unit)).length / gold.size
}

/** Binary gain, discount 1/log2(rank + 1), ideal = all gold units first. */
export function ndcg10(ranking: readonly string[], gold: ReadonlySet<string>): number {
  let got = 0
  let ideal = 0
  for (const [i, unit] of ranking.slice(0, 10).entries()) if (gold.has(unit)) got += 1 / Math.log2(i + 2)
  for (let i = 0; i < Math.min(10, gold.size); i += 1) ideal += 1 / Math.log2(i + 2)
  return got / ideal
}

/**
 * Share of the gold units in a context of so many tokens, packed greedily in rank order: what does not fit is skipped,
 * packing ends when the context is 98 % full. This is the baseline's own rule, so that rankings compare like with like.
 */
export function recallUnder(
  budgetTokens: number,
  ranking: readonly string[],
  gold: ReadonlySet<string>,
  tokensOf: (unit: string) => number,
): number {
  let used = 0
  let hits = 0
  for (const unit of ranking) {
    const tokens = tokensOf(unit)
    if (used + tokens > budgetTokens) {
      if (used > budgetTokens * 0.98) break
      continue
    }
    used += tokens
    if (gold.has(unit)) hits += 1
  }
  return hits / gold.size
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
