/** What a provider says that it counted for one answer. */
export interface TokenCount {
  readonly inputTokens: number
  readonly outputTokens: number
}

/** Tokens as a server counts them; 0 where it said nothing that can be a count. */
export function countOf(value: unknown): number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 31 ? Number(value) : 0
}
