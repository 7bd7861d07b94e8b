/** Embedding models of the AI SDK, by the shape that its providers share; nothing of it is installed for this. */
import { callAiSdk } from './aiSdkCall.ts'
import type { Embedder } from './embedder.ts'
import { countOf } from './tokenCount.ts'
import { unitVectors } from './unitVectors.ts'

/** What an AI SDK provider calls an embedding model, as far as it is used. */
export interface AiSdkEmbeddingModel {
  readonly specificationVersion: 'v2' | 'v3' | 'v4'
  readonly modelId: string
  readonly maxEmbeddingsPerCall?: PromiseLike<number | undefined> | number | undefined
  doEmbed(options: { values: string[]; abortSignal?: AbortSignal }): PromiseLike<{
    readonly embeddings: readonly (readonly number[])[]
    readonly usage?: { readonly tokens: number } | undefined
  }>
}

/** Of a model that does not say how much it takes. */
const textsPerCall = 64

/** Use an AI SDK embedding model. Its provider's own retries and time limits apply. @param dimensions of its vectors */
export function aiSdkEmbedder(sdkModel: AiSdkEmbeddingModel, dimensions: number): Embedder {
  const model = sdkModel.modelId
  return {
    model,
    dimensions,
    async embed(texts, { signal, counted }) {
      const vectors: Float32Array[] = []
      const atOnce = Math.max(1, Math.min(textsPerCall, (await sdkModel.maxEmbeddingsPerCall) ?? textsPerCall))
      for (let from = 0; from < texts.length; from += atOnce) {
        const values = texts.slice(from, from + atOnce)
        const answer = await callAiSdk(signal, `embedding model ${model}`, () =>
          sdkModel.doEmbed({ values, abortSignal: signal }),
        )
        const inputTokens = countOf(answer.usage?.tokens)
        if (inputTokens > 0) counted?.({ inputTokens, outputTokens: 0 })
        vectors.push(...unitVectors(answer.embeddings, { count: values.length, dimensions, model }))
      }
      return vectors
    },
  }
}
