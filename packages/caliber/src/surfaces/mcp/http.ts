/**
 * MCP over Streamable HTTP, as a Fastify plugin that owns `/mcp`.
 *
 * Nothing is kept between requests: every request brings its credential and is served by a server of its own, in the name
 * of its own principal, in the revision it speaks (2026-07-28 by its envelope, 2025-11-25 and older by the stateless form of
 * their handshake). So there are no sessions to bound, expire, steal or pin to a node.
 *
 * Before a body is read: Host and Origin (a page that rebinds its name to this address carries the wrong ones), then the
 * credential, which stays here: neither the SDK nor anything behind it sees it. Every refusal is a JSON-RPC error whose `data` is the refusal of the error table.
 */
import { createMcpHandler, ProtocolErrorCode } from '@modelcontextprotocol/server'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { isApiKey } from '../../domain/apiKey.ts'
import { limits } from '../../domain/limits.ts'
import type { Principal } from '../../domain/principal.ts'
import type { Dispatch } from '../../operations/dispatch.ts'
import { bearerKey } from '../http/bearer.ts'
import { challengeOf, protectedResourceAt } from '../http/challenge.ts'
import { assertOwnOrigin } from '../http/guard.ts'
import { takeJsonOnly } from '../http/jsonBody.ts'
import { refusalFor, refusalParts } from '../http/refusal.ts'
import { assertToolAllowed } from './assertToolAllowed.ts'
import { createMcpServer, type McpInfo } from './server.ts'
import { refusalOf } from './toolResult.ts'
import { webRequest } from './webRequest.ts'

export interface McpRoutes {
  readonly dispatch: Dispatch
  /** @throws CaliberError `unauthenticated` for a key that is not valid */
  authenticate(key: string): Promise<Principal>
  readonly version: string
  /** Names other than loopback under which this server may be called, without ports, in lower case. */
  readonly allowedHosts?: readonly string[] | undefined
}

/** Errors of the transport that JSON-RPC has no code for. */
const transportError = -32_000
/** Open `subscriptions/listen` streams of all clients together. The tools never change, so nobody needs one for long. */
const maxSubscriptions = 64
/** Holds the principal between the hook and the handler. */
const principalKey = 'mcpPrincipal'

/** Make the plugin; register it without a prefix. */
export function mcpRoutes({ dispatch, authenticate, version, allowedHosts }: McpRoutes): FastifyPluginAsync {
  const hosts = new Set(allowedHosts)
  const callers = new WeakMap<Request, Caller>()

  return async (app) => {
    const handler = createMcpHandler(
      ({ requestInfo }) => {
        const caller = requestInfo && callers.get(requestInfo)
        // Fail closed: without its caller a request must not reach dispatch.
        if (!caller) throw new Error('An MCP request lost its caller.')
        const { principal, info } = caller
        return createMcpServer(
          (operation, input, options) => dispatch({ operation, input, principal, ...options }),
          info,
        )
      },
      { maxSubscriptions, onerror: (err) => app.log.warn({ err }, 'an MCP request was refused') },
    )

    takeJsonOnly(app)
    app.decorateRequest(principalKey)
    app.addHook('preClose', () => handler.close())

    app.addHook('onRequest', async (request) => {
      assertOwnOrigin(request.headers, hosts)
      request.setDecorator(principalKey, await authenticate(bearerKey(request.headers.authorization)))
    })
    app.setErrorHandler((error, request, reply) => refuse(error, infoOf(request, version), reply))

    app.route({
      method: ['GET', 'POST', 'DELETE'],
      url: '/mcp',
      bodyLimit: limits.requestBytes,
      handler: async (request, reply) => {
        const principal = request.getDecorator<Principal>(principalKey)
        if (protectedResourceAt(reply) && !isApiKey(bearerKey(request.headers.authorization))) {
          assertToolAllowed(request.body, principal)
        }
        const web = webRequest(request, reply)
        callers.set(web, { principal, info: infoOf(request, version) })
        // Never undefined: the SDK would look for a body itself, in a copy of the request that has no caller.
        return reply.send(await handler.fetch(web, { parsedBody: request.body ?? null }))
      },
    })
  }
}

/** Who asks, and where its defects are logged. */
interface Caller {
  readonly principal: Principal
  readonly info: McpInfo
}

function infoOf({ log, id }: FastifyRequest, version: string): McpInfo {
  return {
    version,
    report(defect) {
      log.error({ err: defect }, 'an MCP request failed')
      return id
    },
  }
}

/** Answer what was thrown before the SDK had the request, in the words of the HTTP surface. */
function refuse(thrown: unknown, { report }: McpInfo, reply: FastifyReply): FastifyReply {
  const refusal = refusalFor(thrown)
  const { status, error, defect } = refusal
  if (defect !== undefined) report?.(defect)
  else if (error.cause !== undefined) reply.log.info({ err: error.cause }, 'an MCP request was refused')
  const requestId = reply.request.id
  const body = { code: codeOf(status), message: error.message, data: { ...refusalOf(error), requestId } }
  const { headers } = refusalParts(refusal, requestId)
  return reply
    .code(status)
    .headers(headers)
    .headers(challengeOf(error, reply))
    .send({ jsonrpc: '2.0', id: null, error: body })
}

function codeOf(status: number): number {
  if (status === 400) return ProtocolErrorCode.ParseError
  return status === 500 ? ProtocolErrorCode.InternalError : transportError
}
