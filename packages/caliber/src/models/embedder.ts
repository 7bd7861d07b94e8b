/** The port behind which embedding models stand: a text goes in, a direction in the model's space comes out. */
import type { TokenCount } from './tokenCount.ts'

/**
 * An embedding model.
 *
 * Obligations of an implementation: one vector per text, in their order, each of `dimensions` finite numbers and of
 * length 1; equal texts give vectors that are as good as equal; what the model or the network does wrong is a
 * CaliberError, `invalid_input` where the model refused the texts themselves and `unavailable` for everything else, with
 * neither keys nor texts in its message; when `signal` aborts, the call rejects soon and nothing of it goes on; what the
 * provider says that it counted is told to `counted`. It passes `embedder.suite.ts`.
 * Obligations of a caller: texts are not empty; no vector is used after a call that rejected.
 */
export interface Embedder {
  /** The model and, where that matters, its version: vectors that must not be compared come under other names. */
  readonly model: string
  readonly dimensions: number
  /** Whether it runs here at no cost, so that what it is asked is not counted. Default false. */
  readonly isLocal?: boolean
  /** Embed any number of texts. @throws CaliberError `unavailable`, `invalid_input` */
  embed(texts: readonly string[], options: EmbedOptions): Promise<readonly Float32Array[]>
  /** Release what the model holds here, if it holds anything. Called by whoever made it. */
  close?(): Promise<void>
}

export interface EmbedOptions {
  readonly signal: AbortSignal
  /**
   * Called once for each answer whose tokens the provider says, of use or not: a call that rejects may have been counted.
   * Where a call that succeeds never calls it, its tokens are estimated by our own tokenizer.
   */
  readonly counted?: ((tokens: TokenCount) => void) | undefined
}

/** The name of a model's space: the same model with other dimensions is another one. */
export function spaceOf({ model, dimensions }: Pick<Embedder, 'model' | 'dimensions'>): string {
  return `${model}/${dimensions}`
}
