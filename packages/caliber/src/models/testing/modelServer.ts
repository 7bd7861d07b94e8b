/** A server on this machine that takes JSON at one path, as the interface that OpenAI published does, and errs as it is told. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ModelServer<Fault> {
  readonly baseUrl: string
  /** Answer the next requests so, one each; those after them properly. */
  fail(...faults: readonly Fault[]): void
  close(): Promise<void>
}

/** @param answer what was sent to `/v1/<path>`, and how to err this time */
export async function modelServer<Fault>(
  path: string,
  answer: (asked: Asked, response: ServerResponse, nextFault: () => Fault | undefined) => Promise<void> | void,
): Promise<ModelServer<Fault>> {
  const faults: Fault[] = []
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body: unknown = JSON.parse(await bodyOf(request))
    if (request.method !== 'POST' || request.url !== `/v1/${path}`) return void response.writeHead(404).end()
    await answer({ body, authorization: request.headers.authorization }, response, () => faults.shift())
  }
  const server = createServer((request, response) => void take(request, response))
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    fail: (...more) => void faults.push(...more),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}

interface Asked {
  readonly body: unknown
  readonly authorization: string | undefined
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part)
  return Buffer.concat(parts).toString()
}
