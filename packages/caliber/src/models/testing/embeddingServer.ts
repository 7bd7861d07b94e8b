/** A server on this machine that speaks the published wire format of embeddings, and errs as it is told. */
import type { ServerResponse } from 'node:http'
import { hashVector } from './hashVector.ts'
import { type ModelServer, modelServer } from './modelServer.ts'

/** How to answer one request instead of properly. */
export type Fault = (response: ServerResponse, vectors: readonly Float32Array[]) => void

export interface EmbeddingServer extends ModelServer<Fault> {
  /** What was asked for, request by request. */
  readonly requests: { readonly authorization: string | undefined; readonly texts: readonly string[] }[]
  /** Tokens that it counted in answers that it gave properly: one for each word. */
  countedTokens(): number
  /** Answer no request for texts like these until the promise resolves. */
  hold(texts: RegExp, until: Promise<void>): void
}

export async function embeddingServer(dimensions: number): Promise<EmbeddingServer> {
  const requests: EmbeddingServer['requests'] = []
  let countedTokens = 0
  let held: { readonly texts: RegExp; readonly until: Promise<void> } | undefined
  const server = await modelServer<Fault>('embeddings', async ({ body, authorization }, response, nextFault) => {
    const { input } = body as { input: string[] }
    requests.push({ authorization, texts: input })
    if (input.some((text) => held?.texts.test(text))) await held?.until
    const vectors = input.map((text) => hashVector(text, dimensions))
    const fault = nextFault()
    if (fault) fault(response, vectors)
    else {
      const tokens = input.reduce((sum, text) => sum + text.split(/\s+/).length, 0)
      countedTokens += tokens
      response.writeHead(200).end(wireOf(vectors, { prompt_tokens: tokens, total_tokens: tokens }))
    }
  })
  return {
    ...server,
    requests,
    countedTokens: () => countedTokens,
    hold: (texts, until) => {
      held = { texts, until }
    },
  }
}

/** An answer as published, in an order of its own. */
export function wireOf(
  vectors: readonly (readonly unknown[] | Float32Array)[],
  usage: unknown = { prompt_tokens: 1, total_tokens: 1 },
): string {
  const data = vectors.map((vector, index) => ({ object: 'embedding', index, embedding: [...vector] }))
  return JSON.stringify({ object: 'list', data: data.toReversed(), usage })
}
