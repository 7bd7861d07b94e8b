/** A server on this machine that speaks the published wire format of embeddings, and errs as it is told. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hashVector } from './hashVector.ts'

/** How to answer one request instead of properly. */
export type Fault = (response: ServerResponse, vectors: readonly Float32Array[]) => void

export interface EmbeddingServer {
  readonly baseUrl: string
  /** What was asked for, request by request. */
  readonly requests: { readonly authorization: string | undefined; readonly texts: readonly string[] }[]
  /** Answer the next requests so, one each; those after them properly. */
  fail(...faults: readonly Fault[]): void
  close(): Promise<void>
}

export async function embeddingServer(dimensions: number): Promise<EmbeddingServer> {
  const requests: EmbeddingServer['requests'] = []
  const faults: Fault[] = []
  const server = createServer((request, response) => {
    void answer(request, response)
  })
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { input } = JSON.parse(await bodyOf(request)) as { input: string[] }
    if (request.method !== 'POST' || request.url !== '/v1/embeddings') return void response.writeHead(404).end()
    requests.push({ authorization: request.headers.authorization, texts: input })
    const vectors = input.map((text) => hashVector(text, dimensions))
    const fault = faults.shift()
    if (fault) fault(response, vectors)
    else response.writeHead(200).end(wireOf(vectors))
  }
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    fail: (...more) => void faults.push(...more),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}

/** An answer as published, in an order of its own. */
export function wireOf(vectors: readonly (readonly unknown[] | Float32Array)[]): string {
  const data = vectors.map((vector, index) => ({ object: 'embedding', index, embedding: [...vector] }))
  return JSON.stringify({ object: 'list', data: data.toReversed(), usage: { prompt_tokens: 1, total_tokens: 1 } })
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part)
  return Buffer.concat(parts).toString()
}
