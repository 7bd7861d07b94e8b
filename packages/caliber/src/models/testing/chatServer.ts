/** A server on this machine that speaks the published wire format of chat completions, and errs as it is told. */
import type { ServerResponse } from 'node:http'
import { type ModelServer, modelServer } from './modelServer.ts'

/** How to answer one request instead of properly. */
export type ChatFault = (response: ServerResponse) => void

export interface ChatServer extends ModelServer<ChatFault> {
  /** The texts of each request. */
  readonly requests: (readonly string[])[]
  /** What each was asked to do with them. */
  readonly prompts: string[]
  /** Answer nothing until the promise resolves. */
  hold(until: Promise<void>): void
}

/** It summarises by the first words of each text. */
export async function chatServer(): Promise<ChatServer> {
  const requests: (readonly string[])[] = []
  const prompts: string[] = []
  let held = Promise.resolve()
  const server = await modelServer<ChatFault>('chat/completions', async ({ body }, response, nextFault) => {
    const { messages } = body as { messages: { role: string; content: string }[] }
    const texts = JSON.parse(messages[1]?.content ?? '[]') as string[]
    requests.push(texts)
    prompts.push(messages[0]?.content ?? '')
    await held
    const fault = nextFault()
    if (fault) fault(response)
    else response.writeHead(200).end(completion(texts.map((text) => text.split(' ').slice(0, 6).join(' ')).join('; ')))
  })
  return {
    ...server,
    requests,
    prompts,
    hold: (until) => {
      held = until
    },
  }
}

export function completion(content: unknown, usage: unknown = { prompt_tokens: 11, completion_tokens: 7 }): string {
  const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }]
  return JSON.stringify({ id: 'chat', object: 'chat.completion', choices, usage })
}
