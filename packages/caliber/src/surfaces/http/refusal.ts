/**
 * Errors as answers: every failure, whoever noticed it, leaves as
 * `{ error: { code, message, detail, retryable, requestId } }` with a status.
 *
 * The status is the one of the error table; faults of the protocol itself (method, media type, header size, slow
 * request) keep the status that HTTP has for them. A stack, a cause or a message of a library never leaves.
 */
import type { FastifyReply } from 'fastify'
import { CaliberError, errorTable } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import { challengeOf } from './challenge.ts'
import { safeHeaders } from './safeHeaders.ts'

export interface Refusal {
  readonly status: number
  readonly error: CaliberError
  /** For the log alone: what really happened, where that is our fault. */
  readonly defect?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** Make what was thrown presentable. */
export function refusalFor(thrown: unknown): Refusal {
  if (thrown instanceof CaliberError) {
    const { http: status, retryable } = errorTable[thrown.code]
    // A passing state that we report on purpose is no defect; what a driver or library said on the way is worth a line.
    const defect = thrown.cause ?? (status < 500 || retryable ? undefined : thrown)
    return status < 500 ? { status, error: thrown } : { status, error: thrown, defect }
  }
  return protocolFault(thrown) ?? { status: errorTable.internal.http, error: unknownDefect(), defect: thrown }
}

/** The wire form, for replies and for raw sockets alike. */
export function refusalParts({ error, headers }: Refusal, requestId: string) {
  const { code, message, detail, retryable } = error
  return {
    headers: {
      ...safeHeaders,
      'content-type': 'application/json; charset=utf-8',
      'x-request-id': requestId,
      ...(retryable && { 'retry-after': retryAfterSeconds }),
      ...headers,
    },
    body: JSON.stringify({ error: { code, message, detail, retryable, requestId } }),
  }
}

export function sendRefusal(reply: FastifyReply, refusal: Refusal): FastifyReply {
  const { headers, body } = refusalParts(refusal, reply.request.id)
  return reply.code(refusal.status).headers(headers).headers(challengeOf(refusal.error, reply)).send(body)
}

const retryAfterSeconds = '1'

function unknownDefect(): CaliberError {
  return new CaliberError('internal', 'Caliber failed in a way it should not. Report it with the request id.')
}

/** What Fastify and Node say of a request they cannot read, by their code. */
function protocolFault(thrown: unknown): Refusal | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown) || typeof thrown.code !== 'string') return undefined
  return faults[thrown.code]
}

const tooLarge = `A request is at most ${limits.requestBytes} octets. Send less at once.`
const faults: Readonly<Record<string, Refusal>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { status: 413, error: new CaliberError('too_large', tooLarge) },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: invalid('The body must be JSON, sent as content-type: application/json.', 415),
  FST_ERR_CTP_EMPTY_TYPE: invalid('The body must be JSON, sent as content-type: application/json.', 415),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: invalid('The body is not as long as content-length says. Send it again.'),
  FST_ERR_BAD_URL: invalid('The path is not valid percent-encoded UTF-8. Encode it again.'),
  FST_ERR_MAX_PARAM_LENGTH: invalid('An id in the path is too long. Check it.'),
  ECONNRESET: invalid('The request ended before it was complete.'),
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    error: new CaliberError('timeout', 'The request took too long to arrive. Send it again.'),
  },
  HPE_HEADER_OVERFLOW: {
    status: 431,
    error: new CaliberError('too_large', 'The headers of the request are too large.'),
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, error: new CaliberError('too_large', tooLarge) },
}

function invalid(message: string, status: number = errorTable.invalid_input.http): Refusal {
  return { status, error: new CaliberError('invalid_input', message) }
}
