/** A server on this machine that speaks the published wire format of chat completions, and errs as it is told. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** How to answer one request instead of properly. */
export type ChatFault = (response: ServerResponse) => void

export interface ChatServer {
  readonly baseUrl: string
  /** The texts of each request. */
  readonly requests: (readonly string[])[]
  /** Answer the next requests so, one each; those after them properly. */
  fail(...faults: readonly ChatFault[]): void
  /** Answer nothing until the promise resolves. */
  hold(until: Promise<void>): void
  close(): Promise<void>
}

/** It summarises by the first words of each text. */
export async function chatServer(): Promise<ChatServer> {
  const requests: (readonly string[])[] = []
  const faults: ChatFault[] = []
  let held = Promise.resolve()
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { messages } = JSON.parse(await bodyOf(request)) as { messages: { role: string; content: string }[] }
    if (request.method !== 'POST' || request.url !== '/v1/chat/completions') return void response.writeHead(404).end()
    const texts = JSON.parse(messages[1]?.content ?? '[]') as string[]
    requests.push(texts)
    await held
    const fault = faults.shift()
    if (fault) fault(response)
    else response.writeHead(200).end(completion(texts.map((text) => text.split(' ').slice(0, 6).join(' ')).join('; ')))
  }
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    fail: (...more) => void faults.push(...more),
    hold: (until) => {
      held = until
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}

export function completion(content: unknown, usage: unknown = { prompt_tokens: 11, completion_tokens: 7 }): string {
  const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }]
  return JSON.stringify({ id: 'chat', object: 'chat.completion', choices, usage })
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part)
  return Buffer.concat(parts).toString()
}
