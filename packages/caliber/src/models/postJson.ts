/**
 * Send JSON to a server that the operator named, and read a bounded JSON answer.
 *
 * Redirects are not followed: the key was meant for this server. Errors name no address, because an address may hold a secret.
 */
import { CaliberError } from '../domain/errors.ts'

export interface Post {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
  readonly timeoutMs: number
  /** Octets of the answer, at most. */
  readonly maxBytes: number
  readonly signal: AbortSignal
}

/** Why there is no answer, and whether to ask again. */
export class PostFailed extends Error {
  override readonly name = 'PostFailed'
  readonly isTransient: boolean
  /** HTTP status, where there was one. */
  readonly status: number | undefined
  /** How long the server asks to be left alone. */
  readonly retryAfterMs: number | undefined

  constructor(message: string, facts: { isTransient: boolean; status?: number; retryAfterMs?: number | undefined }) {
    super(message)
    this.isTransient = facts.isTransient
    this.status = facts.status
    this.retryAfterMs = facts.retryAfterMs
  }
}

/** @throws PostFailed; CaliberError `unavailable` when the caller's signal aborted */
export async function postJson({ url, headers, body, timeoutMs, maxBytes, signal }: Post): Promise<unknown> {
  const timeout = AbortSignal.timeout(timeoutMs)
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', accept: 'application/json', 'user-agent': 'caliber' },
      body: JSON.stringify(body),
      redirect: 'manual',
      signal: AbortSignal.any([signal, timeout]),
    })
    if (response.status !== 200) {
      await response.body?.cancel()
      throw statusFailed(response)
    }
    return parsed(await textOf(response, maxBytes))
  } catch (error) {
    if (signal.aborted) throw new CaliberError('unavailable', 'The request to the model was cancelled.')
    if (error instanceof PostFailed) throw error
    if (timeout.aborted) throw new PostFailed(`gave no answer within ${timeoutMs} ms`, { isTransient: true })
    throw new PostFailed(`cannot be reached (${codeOf(error)})`, { isTransient: true })
  }
}

function statusFailed({ status, headers }: Response): PostFailed {
  const isTransient = status === 408 || status === 429 || status >= 500
  const retryAfterMs = waitAskedFor(headers.get('retry-after'), headers.get('date'))
  return new PostFailed(`answered with status ${status}`, { isTransient, status, retryAfterMs })
}

/** `Retry-After` holds seconds or a date; a date counts from the server's own `Date` (RFC 9110, 10.2.3). */
function waitAskedFor(retryAfter: string | null, date: string | null): number | undefined {
  if (retryAfter === null) return undefined
  const waitMs = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - Date.parse(date ?? '')
  return Number.isFinite(waitMs) ? Math.max(0, waitMs) : undefined
}

async function textOf(response: Response, maxBytes: number): Promise<string> {
  const parts: Uint8Array[] = []
  let sizeBytes = 0
  for await (const part of response.body ?? []) {
    sizeBytes += part.byteLength
    // Leaving the loop cancels the body, and with it the connection.
    if (sizeBytes > maxBytes) throw new PostFailed(`answered with more than ${maxBytes} octets`, { isTransient: false })
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Never the text itself: it is whatever somebody sent.
    throw new PostFailed('answered with something that is not JSON', { isTransient: true })
  }
}

function codeOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return inner instanceof Error && 'code' in inner && typeof inner.code === 'string' ? inner.code : 'connection lost'
}
