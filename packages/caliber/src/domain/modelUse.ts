/** What a model was asked for: vectors of items, the vector of a question, a summary. */
export const useKinds = ['embedding', 'question', 'summary'] as const
export type UseKind = (typeof useKinds)[number]

/** What one model was asked for one tenant, in numbers that add up. */
export interface ModelUse {
  readonly kind: UseKind
  /** As its vectors or summaries name it. */
  readonly model: string
  readonly calls: number
  readonly inputTokens: number
  readonly outputTokens: number
}

/** What a limit counts: what a model read and what it wrote, whatever either costs. */
export function tokensOf({ inputTokens, outputTokens }: Pick<ModelUse, 'inputTokens' | 'outputTokens'>): number {
  return inputTokens + outputTokens
}

/** Both together; they are of one kind and model. */
export function together(a: ModelUse | undefined, b: ModelUse | undefined): ModelUse | undefined {
  if (!a || !b) return a ?? b
  return {
    ...a,
    calls: a.calls + b.calls,
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
  }
}
