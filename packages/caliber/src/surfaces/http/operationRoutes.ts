/** One route per operation of the registry. */
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import { CaliberError } from '../../domain/errors.ts'
import type { Principal } from '../../domain/principal.ts'
import type { Dispatch } from '../../operations/dispatch.ts'
import type { AnyOperation } from '../../operations/operation.ts'
import { registry } from '../../operations/registry.ts'
import { bearerKey } from './bearer.ts'
import { takeJsonOnly } from './jsonBody.ts'
import { sendRefusal } from './refusal.ts'
import { inputReader } from './requestInput.ts'
import { parseRoute } from './route.ts'

export interface OperationParts {
  readonly dispatch: Dispatch
  /** @throws CaliberError `unauthenticated` */
  authenticate(key: string): Promise<Principal>
}

export function operationRoutes(parts: OperationParts): FastifyPluginAsync {
  return async (app) => {
    takeJsonOnly(app)
    app.decorateRequest(principalKey)
    const methodsOf = new Map<string, string[]>()
    for (const operation of registry) {
      const { method, path } = parseRoute(operation.http)
      methodsOf.set(path, [...(methodsOf.get(path) ?? []), method])
      addRoute(app, operation, parts)
    }
    for (const [path, methods] of methodsOf) refuseOtherMethods(app, path, methods)
  }
}

/** Holds the principal between the hook, which runs before the body is read, and the handler. */
const principalKey = 'principal'

function addRoute(app: FastifyInstance, operation: AnyOperation, { dispatch, authenticate }: OperationParts): void {
  const { name, needs } = operation
  const { method, path } = parseRoute(operation.http)
  const inputOf = inputReader(method, operation.input)
  app.route({
    method,
    url: pattern(path),
    onRequest: async (request) => {
      if (method === 'GET' && hasBody(request.headers)) {
        throw new CaliberError('invalid_input', 'A GET takes its fields from the query. Send no body.')
      }
      if (needs === 'none') return
      request.setDecorator(principalKey, await authenticate(bearerKey(request.headers.authorization)))
    },
    handler: async (request, reply) => {
      const output = await dispatch({
        operation: name,
        input: inputOf(request),
        principal: request.getDecorator<Principal | undefined>(principalKey),
        idempotencyKey: request.headers['idempotency-key']?.toString(),
        fences: fencesIn(request.headers),
      })
      return reply.type('application/json; charset=utf-8').send(JSON.stringify(output))
    },
  })
}

/** `caliber-fence: <regionId>:<fence>, …`; what the list holds is for dispatch to check. */
function fencesIn(headers: Readonly<Record<string, unknown>>): readonly string[] | undefined {
  const list = headers['caliber-fence']?.toString()
  return list?.split(',').map((fence) => fence.trim())
}

const allMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

function refuseOtherMethods(app: FastifyInstance, path: string, methods: readonly string[]): void {
  const error = new CaliberError('unknown_operation', `${path} answers to ${methods.join(' and ')} only.`, { methods })
  const refusal = { status: 405, error, headers: { allow: methods.join(', ') } }
  app.route({
    method: allMethods.filter((method) => !methods.includes(method)),
    url: pattern(path),
    onRequest: async (_, reply) => sendRefusal(reply, refusal),
    handler: async (_, reply) => sendRefusal(reply, refusal),
  })
}

/** `/v1/notes/{noteId}` as Fastify writes it: `/v1/notes/:noteId`. */
function pattern(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1')
}

function hasBody(headers: Readonly<Record<string, unknown>>): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}
