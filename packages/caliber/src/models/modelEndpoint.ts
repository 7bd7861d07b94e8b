/**
 * A model behind the HTTP interface that OpenAI published and most hosts speak, Ollama, vLLM and LM Studio among them.
 *
 * What passes (429, 5xx, a lost connection, a cut answer) is asked for again, each time after a longer wait with jitter, or
 * as long as the server says. What does not is an error at once. A server that keeps failing is left alone for a while.
 */
import { setTimeout } from 'node:timers/promises'
import { CaliberError } from '../domain/errors.ts'
import { CircuitBreaker } from './circuitBreaker.ts'
import { PostFailed, postJson } from './postJson.ts'
import { isRefusal, isRefusalStatus } from './refusal.ts'

export interface ModelEndpointOptions {
  /** What stands before the path, such as `http://127.0.0.1:11434/v1`. */
  readonly baseUrl: string
  readonly model: string
  /** Sent as a bearer token. */
  readonly key?: string | undefined
  /** Longest time that one request may take. Default 30,000. */
  readonly timeoutMs?: number | undefined
  /** Requests for one answer before it fails. Default 4. */
  readonly attempts?: number | undefined
  now?(): number
  sleep?(ms: number, signal: AbortSignal): Promise<void>
  /** Uniform in [0, 1). */
  random?(): number
}

export interface Question<T> {
  readonly body: unknown
  /** Octets of the answer, at most. */
  readonly maxBytes: number
  readonly signal: AbortSignal
  /** What is wanted of the answer. @throws PostFailed for an answer that is worth asking for again */
  read(answer: unknown): T
}

export interface ModelEndpoint {
  /** @throws CaliberError `unavailable`; `invalid_input` where the model refused what it was given */
  ask<T>(question: Question<T>): Promise<T>
}

/** The first wait lies below this, each next below twice as much. */
const firstWaitMs = 500
/** A server that asks for a longer wait is not waited for. */
const longestWaitMs = 60_000
const breaking = { failures: 3, coolDownMs: 30_000 }

/**
 * @param kind what errors call it, such as `embedding model`
 * @param path what stands behind the base URL, such as `embeddings`
 * @throws CaliberError `invalid_input` for options that cannot work
 */
export function modelEndpoint(kind: string, path: string, options: ModelEndpointOptions): ModelEndpoint {
  const { model, timeoutMs = 30_000, attempts = 4 } = options
  const { now = Date.now, sleep = realSleep, random = Math.random } = options
  const url = endpointOf(kind, options.baseUrl, path)
  const headers = headersOf(kind, options.key)
  const breaker = new CircuitBreaker({ ...breaking, now })

  const persistently = async <T>({ body, maxBytes, signal, read }: Question<T>): Promise<T> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return read(await postJson({ url, headers, body, timeoutMs, maxBytes, signal }))
      } catch (error) {
        if (!(error instanceof PostFailed)) throw error
        const waitMs = error.retryAfterMs ?? random() * firstWaitMs * 2 ** (attempt - 1)
        if (!error.isTransient || attempt >= attempts || waitMs > longestWaitMs) {
          throw asCaliberError(error, kind, model)
        }
        await sleep(waitMs, signal)
      }
    }
  }

  return {
    ask(question) {
      const isFault = (error: unknown) => !question.signal.aborted && !isRefusal(error)
      return breaker.run(() => persistently(question), isFault)
    },
  }
}

function endpointOf(kind: string, baseUrl: string, path: string): URL {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new CaliberError(
      'invalid_input',
      `The ${kind} needs an http or https URL without user name and password, such as http://127.0.0.1:11434/v1.`,
    )
  }
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${path}`
  return url
}

function headersOf(kind: string, key: string | undefined): Record<string, string> {
  if (key === undefined) return {}
  if (/^[\x21-\x7e]+$/.test(key)) return { authorization: `Bearer ${key}` }
  throw new CaliberError('invalid_input', `The key of the ${kind} holds a character that no header can carry.`)
}

function asCaliberError({ message, status }: PostFailed, kind: string, model: string): CaliberError {
  const detail = { model, ...(status !== undefined && { status }) }
  if (isRefusalStatus(status)) {
    return new CaliberError('invalid_input', `The ${kind} ${model} refused a text: it ${message}.`, detail)
  }
  const cure = status === 401 || status === 403 ? 'Check its key.' : 'Check its URL and name, or wait.'
  return new CaliberError('unavailable', `The ${kind} ${model} ${message}. ${cure}`, detail)
}

async function realSleep(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch(() => {
    throw new CaliberError('unavailable', 'The request to the model was cancelled.')
  })
}
