/**
 * Embedding models behind the HTTP interface that OpenAI published and most hosts speak, Ollama, vLLM and LM Studio among
 * them: `POST {baseUrl}/embeddings`.
 *
 * What passes (429, 5xx, a lost connection, a cut answer) is asked for again, each time after a longer wait with jitter, or
 * as long as the server says. What does not is an error at once. A server that keeps failing is left alone for a while.
 */
import { setTimeout } from 'node:timers/promises'
import { CaliberError } from '../domain/errors.ts'
import { CircuitBreaker } from './circuitBreaker.ts'
import type { Embedder } from './embedder.ts'
import { PostFailed, postJson } from './postJson.ts'
import { unitVectors } from './unitVectors.ts'

export interface OpenAiEmbedderOptions {
  /** What stands before `/embeddings`, such as `http://127.0.0.1:11434/v1`. */
  readonly baseUrl: string
  readonly model: string
  readonly dimensions: number
  /** Sent as a bearer token. */
  readonly key?: string | undefined
  /** Longest time that one request may take. Default 30,000. */
  readonly timeoutMs?: number | undefined
  /** Requests for one batch before it fails. Default 4. */
  readonly attempts?: number | undefined
  now?(): number
  sleep?(ms: number, signal: AbortSignal): Promise<void>
  /** Uniform in [0, 1). */
  random?(): number
}

/** Of one request. OpenAI takes 2,048 texts and 300,000 tokens; small hosts answer sooner when asked for less. */
const textsPerRequest = 64
const charsPerRequest = 200_000
/** The first wait lies below this, each next below twice as much. */
const firstWaitMs = 500
/** A server that asks for a longer wait is not waited for. */
const longestWaitMs = 60_000
const breaking = { failures: 3, coolDownMs: 30_000 }

/** @throws CaliberError `invalid_input` for options that cannot work */
export function openAiEmbedder(options: OpenAiEmbedderOptions): Embedder {
  const { model, dimensions, timeoutMs = 30_000, attempts = 4 } = options
  const { now = Date.now, sleep = realSleep, random = Math.random } = options
  const url = endpointOf(options.baseUrl)
  const headers = headersOf(options.key)
  if (!Number.isSafeInteger(dimensions) || dimensions < 1 || dimensions > 65_536) {
    throw new CaliberError('invalid_input', 'An embedding model has 1 to 65,536 dimensions. Say how many this one has.')
  }
  const breaker = new CircuitBreaker({ ...breaking, now })

  const request = async (texts: readonly string[], signal: AbortSignal): Promise<readonly Float32Array[]> => {
    // A number takes about 20 octets as JSON; half as much again, and the frame.
    const maxBytes = 65_536 + texts.length * dimensions * 32
    const body = { model, input: texts, encoding_format: 'float' }
    const answer = await postJson({ url, headers, body, timeoutMs, maxBytes, signal })
    return unitVectors(embeddingsOf(answer), { count: texts.length, dimensions, model })
  }

  const persistently = async (texts: readonly string[], signal: AbortSignal): Promise<readonly Float32Array[]> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await request(texts, signal)
      } catch (error) {
        if (!(error instanceof PostFailed)) throw error
        const waitMs = error.retryAfterMs ?? random() * firstWaitMs * 2 ** (attempt - 1)
        if (!error.isTransient || attempt >= attempts || waitMs > longestWaitMs) throw asCaliberError(error, model)
        await sleep(waitMs, signal)
      }
    }
  }

  return {
    model,
    dimensions,
    async embed(texts, { signal }) {
      const vectors: Float32Array[] = []
      for (const batch of batchesOf(texts)) {
        const isFault = (error: unknown) => !signal.aborted && !isRefusal(error)
        vectors.push(...(await breaker.run(() => persistently(batch, signal), isFault)))
      }
      return vectors
    },
  }
}

function endpointOf(baseUrl: string): URL {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new CaliberError(
      'invalid_input',
      'The embedding model needs an http or https URL without user name and password, such as http://127.0.0.1:11434/v1.',
    )
  }
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/embeddings`
  return url
}

function headersOf(key: string | undefined): Record<string, string> {
  if (key === undefined) return {}
  if (/^[\x21-\x7e]+$/.test(key)) return { authorization: `Bearer ${key}` }
  throw new CaliberError('invalid_input', 'The key of the embedding model holds a character that no header can carry.')
}

/** The vectors of an answer in the order of the texts; a place that is not the one it says holds no vector. */
function embeddingsOf(answer: unknown): readonly unknown[] {
  const data: unknown = isRecord(answer) ? answer['data'] : undefined
  const entries = Array.isArray(data) ? data.filter(isRecord) : []
  return entries
    .map((entry, i) => ({ at: Number(entry['index'] ?? i), embedding: entry['embedding'] }))
    .sort((a, b) => a.at - b.at)
    .map(({ at, embedding }, i) => (at === i ? embedding : undefined))
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function asCaliberError({ message, status }: PostFailed, model: string): CaliberError {
  const detail = { model, ...(status !== undefined && { status }) }
  if (status === 400 || status === 413 || status === 422) {
    return new CaliberError('invalid_input', `The embedding model ${model} refused a text: it ${message}.`, detail)
  }
  const cure = status === 401 || status === 403 ? 'Check its key.' : 'Check its URL and name, or wait.'
  return new CaliberError('unavailable', `The embedding model ${model} ${message}. ${cure}`, detail)
}

function isRefusal(error: unknown): boolean {
  return error instanceof CaliberError && error.code === 'invalid_input'
}

function* batchesOf(texts: readonly string[]): Iterable<readonly string[]> {
  let batch: string[] = []
  let chars = 0
  for (const text of texts) {
    if (batch.length === textsPerRequest || (batch.length > 0 && chars + text.length > charsPerRequest)) {
      yield batch
      batch = []
      chars = 0
    }
    batch.push(text)
    chars += text.length
  }
  if (batch.length > 0) yield batch
}

async function realSleep(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch(() => {
    throw new CaliberError('unavailable', 'The request to the embedding model was cancelled.')
  })
}
