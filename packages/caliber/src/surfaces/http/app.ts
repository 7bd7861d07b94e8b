/**
 * The HTTP surface: a Fastify instance with a route per operation, the OpenAPI document and the pages for people.
 *
 * It is not listening yet. Further plugins (MCP) may be registered until `listenOn` opens the first door.
 */
import { randomUUID } from 'node:crypto'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { AuthConfiguration } from '../../auth/configuration.ts'
import { protectedResourceOf } from '../../auth/protectedResource.ts'
import { CaliberError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import { challengeWith } from './challenge.ts'
import { assertOwnOrigin } from './guard.ts'
import { prepareDoors } from './listen.ts'
import { metadataRoutes } from './metadataRoutes.ts'
import { type OperationParts, operationRoutes } from './operationRoutes.ts'
import { pageRoutes } from './pageRoutes.ts'
import { type Refusal, refusalFor, sendRefusal } from './refusal.ts'
import { safeHeaders } from './safeHeaders.ts'

export interface HttpParts extends OperationParts {
  /** Log to standard error: defects alone (default), every request too (`true`), nothing (`false`), or pino's options. */
  readonly log?: boolean | LogOptions | undefined
  /** Names other than loopback under which this server may be called, without ports, in lower case. */
  readonly allowedHosts?: readonly string[] | undefined
  /** Whose tokens `authenticate` takes besides API keys; clients are told where to get one. */
  readonly auth?: AuthConfiguration | undefined
}

export interface LogOptions {
  readonly level?: string
  /** Where lines go; standard error where left out, because standard output belongs to commands. */
  readonly stream?: { write(line: string): void }
}

/** @returns an instance whose `close` waits for running requests, up to a few seconds */
export async function createHttpApp({
  dispatch,
  authenticate,
  log,
  allowedHosts,
  auth,
}: HttpParts): Promise<FastifyInstance> {
  const app = Fastify({
    logger: loggerOptions(log),
    genReqId: () => randomUUID(),
    bodyLimit: limits.requestBytes,
    exposeHeadRoutes: false,
    return503OnClosing: false,
    routerOptions: { maxParamLength: 500, querystringParser: () => ({}) },
    frameworkErrors: (error, request, reply) => {
      refuse(request, reply, refusalFor(error))
    },
  })
  const doors = prepareDoors(app)
  const resource = auth && protectedResourceOf(auth)
  challengeWith(app, resource)

  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ ...safeHeaders, 'x-request-id': request.id })
    if (doors.closing) throw new CaliberError('unavailable', 'The server is shutting down. Try again in a moment.')
  })
  // Else a client would keep a connection that is about to go, and lose its next request with it.
  app.addHook('onSend', async (_, reply) => {
    if (doors.closing) reply.header('connection', 'close')
  })
  app.setErrorHandler((error, request, reply) => refuse(request, reply, refusalFor(error)))
  app.setNotFoundHandler((_, reply) => sendRefusal(reply, notFound))

  const hosts = new Set(allowedHosts)
  await app.register(async (guarded) => {
    guarded.addHook('onRequest', async ({ headers }) => assertOwnOrigin(headers, hosts))
    await guarded.register(operationRoutes({ dispatch, authenticate }))
    await guarded.register(pageRoutes({ dispatch }))
    if (resource) await guarded.register(metadataRoutes(resource))
  })
  return app
}

const notFound: Refusal = {
  status: 404,
  error: new CaliberError('unknown_operation', 'Nothing is served here. GET /reference lists what there is.'),
}

/** Of a body that is too large so much is read and thrown away, so that the client can read why it was refused. */
const drainedBytes = 4 * limits.requestBytes

function refuse(request: FastifyRequest, reply: FastifyReply, refusal: Refusal): FastifyReply {
  const { defect, error } = refusal
  if (defect !== undefined) request.log.error({ err: defect }, 'request failed')
  else if (error.cause !== undefined) request.log.info({ err: error.cause }, 'request refused')
  const drains = refusal.status === 413 && Number(request.headers['content-length']) <= drainedBytes
  return sendRefusal(reply, drains ? { ...refusal, headers: { connection: 'keep-alive' } } : refusal)
}

function loggerOptions(log: boolean | LogOptions | undefined) {
  if (log === false) return false
  const { level, stream } = typeof log === 'object' ? log : { level: log ? 'info' : 'error', stream: undefined }
  return {
    level: level ?? 'error',
    stream: stream ?? process.stderr,
    // Not the query: it can hold what people wrote.
    serializers: { req: ({ method, url }: FastifyRequest) => ({ method, path: url.split('?', 1)[0] }) },
  }
}
