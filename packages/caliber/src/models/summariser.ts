/** The port behind which summarising models stand: texts go in, one shorter text comes out. */
import type { TokenCount } from './tokenCount.ts'

/**
 * A summariser.
 *
 * Obligations of an implementation: the summary says nothing that the texts do not say, and is not longer than asked for;
 * what the model or the network does wrong is a CaliberError `unavailable` with neither keys nor texts in its message; when
 * `signal` aborts, the call rejects soon and nothing of it goes on; what the provider says that it counted is told to `counted`.
 * Obligations of a caller: texts are not empty; they stand in the order in which they were said.
 */
export interface Summariser {
  /** Names the model and how it is asked: summaries of one name are as good as each other. */
  readonly name: string
  /** Whether it runs here at no cost, so that its summaries are made again rather than kept, and not counted. */
  readonly isLocal: boolean
  /** @throws CaliberError `unavailable` */
  summarise(texts: readonly string[], options: SummariseOptions): Promise<Summary>
}

/** `summary`: what the texts say. `principles`: what several of them have in common and will hold again. */
export type SummaryKind = 'summary' | 'principles'

export interface SummariseOptions {
  /** A summary where left out. */
  readonly kind?: SummaryKind
  readonly maxTokens: number
  readonly signal: AbortSignal
  /**
   * Called once for each answer whose tokens the provider says, of use or not. Where it never is, what the summary says of
   * itself is taken, and where that is nothing, an estimate by our own tokenizer.
   */
  readonly counted?: ((tokens: TokenCount) => void) | undefined
}

export interface Summary {
  readonly text: string
  /** As the model counted them; 0 for a local one, and where it did not say. */
  readonly inputTokens: number
  readonly outputTokens: number
}
