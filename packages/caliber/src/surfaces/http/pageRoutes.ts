/** What is served besides the operations: a start page, the reference and the OpenAPI document. All need no credential. */
import type { FastifyPluginAsync, FastifyReply } from 'fastify'
import type { Dispatch } from '../../operations/dispatch.ts'
import { describeOperations } from './describe.ts'
import { openapi } from './openapi.ts'
import type { Page } from './pages/document.ts'
import { referencePage } from './pages/reference.ts'
import { startPage } from './pages/start.ts'

export function pageRoutes({ dispatch }: { readonly dispatch: Dispatch }): FastifyPluginAsync {
  // Described when somebody asks for the first time: starting a server does not wait for it.
  let described: ReturnType<typeof describeOperations> | undefined
  const operations = () => (described ??= describeOperations())

  return async (app) => {
    app.get('/', async (_, reply) => sendPage(reply, startPage(await versionOf(dispatch))))
    app.get('/reference', async ({ host }, reply) => sendPage(reply, referencePage(operations(), `http://${host}`)))
    app.get('/openapi.json', async () => openapi(operations(), await versionOf(dispatch)))
  }
}

function sendPage(reply: FastifyReply, { body, policy }: Page): FastifyReply {
  return reply.type('text/html; charset=utf-8').header('content-security-policy', policy).send(body)
}

async function versionOf(dispatch: Dispatch): Promise<string> {
  const answer = await dispatch({ operation: 'server.version', input: {} })
  return typeof answer === 'object' && answer !== null && 'version' in answer ? String(answer.version) : ''
}
