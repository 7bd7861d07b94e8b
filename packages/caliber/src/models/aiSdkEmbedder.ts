/** Embedding models of the AI SDK, by the shape that its providers share; nothing of it is installed for this. */
import { CaliberError } from '../domain/errors.ts'
import type { Embedder } from './embedder.ts'
import { countOf } from './tokenCount.ts'
import { unitVectors } from './unitVectors.ts'

/** What an AI SDK provider calls an embedding model, as far as it is used. */
export interface AiSdkEmbeddingModel {
  readonly specificationVersion: 'v2' | 'v3'
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
        const answer = await unlessAborted(signal, model, () => sdkModel.doEmbed({ values, abortSignal: signal }))
        const inputTokens = countOf(answer.usage?.tokens)
        if (inputTokens > 0) counted?.({ inputTokens, outputTokens: 0 })
        vectors.push(...unitVectors(answer.embeddings, { count: values.length, dimensions, model }))
      }
      return vectors
    },
  }
}

/** Leave when the caller does, whether or not the provider heeds the signal. */
async function unlessAborted<T>(signal: AbortSignal, model: string, call: () => PromiseLike<T>): Promise<T> {
  const cancelled = () => new CaliberError('unavailable', 'The request to the embedding model was cancelled.')
  if (signal.aborted) throw cancelled()
  let leave = () => {}
  const aborted = new Promise<never>((_, reject) => {
    leave = () => reject(cancelled())
    signal.addEventListener('abort', leave)
  })
  try {
    return await Promise.race([call(), aborted])
  } catch (error) {
    throw error instanceof CaliberError ? error : failed(error, model)
  } finally {
    signal.removeEventListener('abort', leave)
  }
}

/** What a provider throws may quote the request, so only its status is passed on. */
function failed(error: unknown, model: string): CaliberError {
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : undefined
  const isRefusal = status === 400 || status === 413 || status === 422
  const said = status === undefined ? 'failed' : `answered with status ${status}`
  return new CaliberError(isRefusal ? 'invalid_input' : 'unavailable', `The embedding model ${model} ${said}.`, {
    model,
  })
}
