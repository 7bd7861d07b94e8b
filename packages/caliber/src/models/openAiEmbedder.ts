/** Embedding models behind `POST {baseUrl}/embeddings`, as modelEndpoint.ts speaks it. */
import { CaliberError } from '../domain/errors.ts'
import type { Embedder } from './embedder.ts'
import { type ModelEndpointOptions, modelEndpoint } from './modelEndpoint.ts'
import { countOf } from './tokenCount.ts'
import { unitVectors } from './unitVectors.ts'
import { within } from './within.ts'

export interface OpenAiEmbedderOptions extends ModelEndpointOptions {
  readonly dimensions: number
}

/** Of one request. OpenAI takes 2,048 texts and 300,000 tokens; small hosts answer sooner when asked for less. */
const textsPerRequest = 64
const charsPerRequest = 200_000

/** @throws CaliberError `invalid_input` for options that cannot work */
export function openAiEmbedder(options: OpenAiEmbedderOptions): Embedder {
  const { model, dimensions } = options
  const endpoint = modelEndpoint('embedding model', 'embeddings', options)
  if (!Number.isSafeInteger(dimensions) || dimensions < 1 || dimensions > 65_536) {
    throw new CaliberError('invalid_input', 'An embedding model has 1 to 65,536 dimensions. Say how many this one has.')
  }
  return {
    model,
    dimensions,
    async embed(texts, { signal, counted }) {
      const vectors: Float32Array[] = []
      for (const batch of batchesOf(texts)) {
        const embedded = await endpoint.ask({
          body: { model, input: batch, encoding_format: 'float' },
          // A number takes about 20 octets as JSON; half as much again, and the frame.
          maxBytes: 65_536 + batch.length * dimensions * 32,
          signal,
          read(answer) {
            const inputTokens = tokensOf(answer)
            // Before the answer is judged: what is of no use has its price as well.
            if (inputTokens > 0) counted?.({ inputTokens, outputTokens: 0 })
            return unitVectors(embeddingsOf(answer), { count: batch.length, dimensions, model })
          },
        })
        vectors.push(...embedded)
      }
      return vectors
    },
  }
}

/** What the server counted; some hosts say one number and some the other. */
function tokensOf(answer: unknown): number {
  return countOf(within(answer, 'usage', 'prompt_tokens')) || countOf(within(answer, 'usage', 'total_tokens'))
}

/** The vectors of an answer in the order of the texts; a place that is not the one it says holds no vector. */
function embeddingsOf(answer: unknown): readonly unknown[] {
  const data: unknown = isRecord(answer) ? answer['data'] : undefined
  const entries = Array.isArray(data) ? data.filter(isRecord) : []
  return entries
    .map((entry, i) => ({ at: Number(entry['index'] ?? i), embedding: entry['embedding'] }))
    .sort((a, b) => a.at - b.at)
    .map(({ at, embedding }, i) => (at === i ? embedding : undefined))
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function* batchesOf(texts: readonly string[]): Iterable<readonly string[]> {
  let batch: string[] = []
  let chars = 0
  for (const text of texts) {
    if (batch.length === textsPerRequest || (batch.length > 0 && chars + text.length > charsPerRequest)) {
      yield batch
      batch = []
      chars = 0
    }
    batch.push(text)
    chars += text.length
  }
  if (batch.length > 0) yield batch
}
