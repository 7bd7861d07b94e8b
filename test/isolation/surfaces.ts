/** The ways in: what a probe is on each of them, and what comes back, whole. */
import { type AnyOperation, CaliberError, parseRoute, toolName } from './product.ts'
import type { Site } from './site.ts'

export interface Request {
  readonly operation: AnyOperation
  readonly input: Readonly<Record<string, unknown>>
  readonly token: string | undefined
  readonly idempotencyKey?: string | undefined
  readonly fences?: readonly string[] | undefined
}

export interface Answer {
  /** A code of the error table, `ok`, or what the protocol has instead. */
  readonly code: string
  /** Status, headers and body: everything that left the server. */
  readonly text: string
}

type Surface = (site: Site, request: Request) => Promise<Answer>

export const surfaces = { dispatch, http, mcp } satisfies Record<string, Surface>
export type SurfaceName = keyof typeof surfaces

/** The surfaces on which an operation is offered. */
export function surfacesOf({ mcp: isTool }: AnyOperation): readonly SurfaceName[] {
  return isTool ? ['dispatch', 'http', 'mcp'] : ['dispatch', 'http']
}

async function dispatch({ runtime }: Site, { operation, token, ...rest }: Request): Promise<Answer> {
  try {
    const principal = token === undefined || operation.needs === 'none' ? undefined : await runtime.authenticate(token)
    const output = await runtime.dispatch({ ...rest, operation: operation.name, principal })
    return { code: 'ok', text: JSON.stringify(output) }
  } catch (error) {
    if (!(error instanceof CaliberError)) return { code: 'defect', text: String(error) }
    const { code, message, detail } = error
    return { code, text: JSON.stringify({ code, message, detail }) }
  }
}

async function http({ app }: Site, request: Request): Promise<Answer> {
  const { method, path, pathFields } = parseRoute(request.operation.http)
  const rest = Object.entries(request.input).filter(([field]) => !pathFields.includes(field))
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, field: string) =>
    encodeURIComponent(String(request.input[field] ?? '-')),
  )
  const query = rest.flatMap(([field, value]) =>
    [value].flat().map((each) => `${encodeURIComponent(field)}=${encodeURIComponent(String(each))}`),
  )
  const answer = await app.inject({
    method,
    url: method === 'GET' && query.length > 0 ? `${filled}?${query.join('&')}` : filled,
    headers: {
      ...bearer(request),
      ...(request.idempotencyKey !== undefined && { 'idempotency-key': request.idempotencyKey }),
      ...(request.fences !== undefined && { 'caliber-fence': request.fences.join(', ') }),
    },
    ...(method !== 'GET' && { payload: Object.fromEntries(rest) }),
  })
  return answered(answer)
}

async function mcp({ app }: Site, request: Request): Promise<Answer> {
  const { operation, input, idempotencyKey, fences } = request
  const answer = await app.inject({
    method: 'POST',
    url: '/mcp',
    headers: {
      ...bearer(request),
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
    },
    payload: {
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: {
        name: toolName(operation.name),
        arguments: { ...input, ...(fences && { fences }) },
        _meta: { 'caliber/idempotencyKey': idempotencyKey },
      },
    },
  })
  return answered(answer)
}

interface Injected {
  readonly statusCode: number
  readonly headers: object
  readonly body: string
}

function answered({ statusCode, headers, body }: Injected): Answer {
  const refusal = /"code":"(\w+)"/.exec(body.replaceAll('\\"', '"'))?.[1]
  const isRefused = statusCode >= 400 || body.includes('"isError":true')
  const code = isRefused ? (refusal ?? `status ${statusCode}`) : 'ok'
  return { code, text: `${statusCode} ${JSON.stringify(headers)}\n${body}` }
}

function bearer({ token }: Request): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` }
}
