/**
 * The vectors of questions in the space of one model. A question waits for the model for a moment at most: without a vector
 * it is answered by words, and so it is where its tenant has used up its day.
 */
import type { TenantId } from '../../domain/ids.ts'
import { type Embedder, type EmbedOptions, spaceOf } from '../../models/embedder.ts'
import { isRefusal } from '../../models/refusal.ts'
import type { Meter } from '../use/meter.ts'
import { embeddedPart } from './embeddedPart.ts'

/** Longest time that a question waits. */
const patienceMs = 2_000
/** After a failure, how long no question is sent to the model. */
const quietMs = 5_000
/** Questions remembered, the least recently asked forgotten first. */
const mostKnown = 1_000

export interface QueryVectorsOptions {
  readonly meter: Meter
  countTokens(text: string): number
  now(): Date
}

export class QueryVectors {
  readonly space: string
  readonly #embedder: Embedder
  readonly #options: QueryVectorsOptions
  readonly #closing = new AbortController()
  // Insertion order is order of use. By tenant as well, so that nobody can tell by the clock what others asked.
  readonly #known = new Map<string, Promise<Float32Array | undefined>>()
  #quietUntilMs = Number.NEGATIVE_INFINITY

  constructor(embedder: Embedder, options: QueryVectorsOptions) {
    this.space = spaceOf(embedder)
    this.#embedder = embedder
    this.#options = options
  }

  /** The vector of a question; undefined where there is none in time. */
  async of(tenantId: TenantId, query: string): Promise<Float32Array | undefined> {
    const text = embeddedPart(query)
    if (text.trim() === '') return undefined
    const key = `${tenantId} ${text}`
    const known = this.#known.get(key)
    if (!known && this.#options.now().getTime() < this.#quietUntilMs) return undefined
    const vector = known ?? this.#ask(tenantId, text)
    this.#known.delete(key)
    this.#known.set(key, vector)
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= mostKnown) break
      this.#known.delete(oldest)
    }
    const answer = await vector
    if (!answer) this.#known.delete(key)
    return answer
  }

  close(): void {
    this.#closing.abort()
  }

  async #ask(tenantId: TenantId, text: string): Promise<Float32Array | undefined> {
    const { meter, countTokens } = this.#options
    const { answer, use } = await meter
      .ask(tenantId, {
        kind: 'question',
        model: this.space,
        isLocal: this.#embedder.isLocal ?? false,
        estimate: () => ({ inputTokens: countTokens(text), outputTokens: 0 }),
        ask: (counted) => this.#vectorOf(text, counted),
      })
      // The model is not asked for a tenant at its limit, which says nothing about the others.
      .catch(() => ({ answer: undefined, use: undefined }))
    meter.countBehind(tenantId, use)
    return answer
  }

  async #vectorOf(text: string, counted: EmbedOptions['counted']): Promise<Float32Array | undefined> {
    try {
      const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(patienceMs)])
      const [vector] = await this.#embedder.embed([text], { signal, counted })
      return vector
    } catch (error) {
      // A question that the model refuses says nothing about the next one.
      if (!isRefusal(error)) this.#quietUntilMs = this.#options.now().getTime() + quietMs
      throw error
    }
  }
}
