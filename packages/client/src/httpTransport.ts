/**
 * Carry operations over HTTP, and repeat what may be repeated.
 *
 * A request is sent again only after a failure that can pass (a retryable code, a broken connection, a time-out), and
 * only where sending it twice does no harm: the operation is idempotent, or the request carries an idempotency key.
 * Writes that need a key and were given none get one, so every call may be repeated. A cancelled call never is.
 */
import { backoffMs, sleep } from './backoff.ts'
import { CaliberError } from './errors.ts'
import { type Route, routes } from './generated/routes.ts'
import { requestParts } from './request.ts'
import { readAnswer } from './response.ts'
import type { CallOptions, Transport } from './transport.ts'

export interface HttpTransportOptions {
  /** Where the server listens, such as `http://127.0.0.1:7411`. */
  readonly url: string
  /** An API key: `cal_…`. */
  readonly key: string
  /** Instead of the global fetch, e.g. over a unix socket. */
  readonly fetch?: typeof fetch | undefined
  /** Longest time one attempt may take. Default 30,000. */
  readonly timeoutMs?: number | undefined
  /** How often a call is repeated at most. Default 3. */
  readonly retries?: number | undefined
}

/** @throws CaliberError `invalid_input` for a URL or key that cannot be used */
export function httpTransport(options: HttpTransportOptions): Transport {
  const base = baseUrl(options.url)
  const authorization = `Bearer ${usableKey(options.key)}`
  // Looked up per call, so that a fetch installed later is used; called unbound, as browsers demand.
  const send: typeof fetch = options.fetch ?? ((target, init) => fetch(target, init))
  const { timeoutMs = 30_000, retries = 3 } = options

  return {
    async call(operation, input, { idempotencyKey, fences, signal } = {}) {
      const route = Object.hasOwn(routes, operation) ? routes[operation] : undefined
      if (!route) throw new CaliberError('unknown_operation', `This client knows no operation ${operation}. Update it.`)
      const { target, body } = requestParts(route, input)
      const headers = headersFor(route, authorization, body, { idempotencyKey, fences })
      const request = { method: route.method, headers, ...(body === undefined ? {} : { body }), ...refusals }

      for (let attempt = 0; ; attempt += 1) {
        signal?.throwIfAborted()
        const outcome = await attemptOnce(send, base + target, request, timeoutMs, signal)
        if ('answer' in outcome) return outcome.answer
        if (attempt >= retries || route.repeat === 'never' || !isWorthRepeating(outcome.error)) throw outcome.error
        await sleep(backoffMs(attempt, Math.random(), outcome.retryAfterMs), signal)
      }
    },
  }
}

/** A lock that is held is waited for where the caller says so (waitMs), and nowhere else. */
const isWorthRepeating = ({ retryable, code }: CaliberError) => retryable && code !== 'lock_held'

/** Do not follow redirects: the key is meant for this server alone. */
const refusals = { redirect: 'error', credentials: 'omit', cache: 'no-store' } as const

type Outcome = { readonly answer: unknown } | { readonly error: CaliberError; readonly retryAfterMs: number }

async function attemptOnce(
  send: typeof fetch,
  url: string,
  request: RequestInit,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Outcome> {
  const expired = AbortSignal.timeout(timeoutMs)
  let retryAfterMs = 0
  try {
    const response = await send(url, { ...request, signal: signal ? AbortSignal.any([signal, expired]) : expired })
    retryAfterMs = Number(response.headers.get('retry-after') ?? 0) * 1_000 || 0
    return { answer: await readAnswer(response) }
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    if (error instanceof CaliberError) return { error, retryAfterMs }
    return { error: expired.aborted ? timedOut(timeoutMs, error) : unreachable(url, error), retryAfterMs }
  }
}

function headersFor(
  { repeat }: Route,
  authorization: string,
  body: string | undefined,
  { idempotencyKey, fences }: CallOptions,
): Record<string, string> {
  const headers: Record<string, string> = { authorization, accept: 'application/json' }
  if (body !== undefined) headers['content-type'] = 'application/json'
  const key = idempotencyKey ?? (repeat === 'keyed' ? newKey() : undefined)
  if (key !== undefined) headers['idempotency-key'] = key
  if (fences !== undefined && fences.length > 0) headers['caliber-fence'] = fences.join(', ')
  return headers
}

/** `crypto.randomUUID` exists in browsers only on secure pages; random octets exist everywhere. */
function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((octet) => octet.toString(16).padStart(2, '0')).join('')
}

function baseUrl(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.username !== '' || parsed.search + parsed.hash !== '') {
    throw new CaliberError(
      'invalid_input',
      'The url must be http(s)://host[:port][/prefix], without user, query or hash.',
    )
  }
  return parsed.href.replace(/\/+$/, '')
}

function usableKey(key: string): string {
  if (/^[\x21-\x7e]+$/.test(key)) return key
  throw new CaliberError('invalid_input', 'The key must be an API key: printable ASCII without spaces. Check it.')
}

function timedOut(timeoutMs: number, cause: unknown): CaliberError {
  return new CaliberError(
    'timeout',
    `The server did not answer within ${timeoutMs} ms. Try again, or allow more time.`,
    {
      detail: { timeoutMs },
      retryable: true,
      cause,
    },
  )
}

function unreachable(url: string, cause: unknown): CaliberError {
  const { origin } = new URL(url)
  return new CaliberError('unavailable', `No answer from ${origin}. Is the server running there?`, {
    detail: { origin },
    retryable: true,
    cause,
  })
}
