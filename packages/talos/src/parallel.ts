/**
 * A pool of worker threads for functions declared pure.
 *
 * A task is named by module and export, so nothing is serialised but arguments and results. Waiting tasks
 * start in order of height, lowest first, so that what many others need comes early (SPEC R1).
 */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { TalosError } from './errors.ts'

export interface PoolOptions {
  /** Default: one less than the processors there are, at least one. */
  readonly workers?: number
}

export interface Pool extends AsyncDisposable {
  /**
   * Make a function that runs an export of a module on a worker.
   *
   * @param height start before waiting tasks of greater height
   */
  task<A extends readonly unknown[], T>(module: URL | string, name: string, height?: number): (...args: A) => Promise<T>
  /** Stop the workers; waiting tasks fail. */
  close(): Promise<void>
}

interface Job {
  readonly module: string
  readonly name: string
  readonly args: readonly unknown[]
  readonly height: number
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/** Runs in the worker. Nothing from a message is evaluated: it names a module, an export and data. */
const LOOP = `
import { parentPort } from 'node:worker_threads'
parentPort.on('message', async ({ module, name, args }) => {
  try {
    const exports = await import(module)
    if (typeof exports[name] !== 'function') throw new Error('no such export: ' + name)
    parentPort.postMessage({ value: await exports[name](...args) })
  } catch (error) {
    parentPort.postMessage({ error: error instanceof Error ? { name: error.name, message: error.message } : { message: String(error) } })
  }
})`

export function createPool({ workers = Math.max(1, availableParallelism() - 1) }: PoolOptions = {}): Pool {
  const pool = new ThreadPool(Math.max(1, workers))
  return {
    task:
      (module, name, height = 0) =>
      (...args) =>
        pool.run(String(module), name, args, height) as Promise<never>,
    close: () => pool.close(),
    [Symbol.asyncDispose]: () => pool.close(),
  }
}

class ThreadPool {
  readonly #size: number
  readonly #idle: Worker[] = []
  readonly #busy = new Map<Worker, Job>()
  readonly #waiting: Job[] = []
  #closed = false

  constructor(size: number) {
    this.#size = size
  }

  run(module: string, name: string, args: readonly unknown[], height: number): Promise<unknown> {
    if (this.#closed) return Promise.reject(new TalosError('disposed', 'The pool is closed.'))
    return new Promise((resolve, reject) => {
      const job = { module, name, args, height, resolve, reject }
      const at = this.#waiting.findIndex((other) => other.height > height)
      if (at < 0) this.#waiting.push(job)
      else this.#waiting.splice(at, 0, job)
      this.#next()
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    const error = new TalosError('disposed', 'The pool is closed.')
    for (const job of [...this.#waiting.splice(0), ...this.#busy.values()]) job.reject(error)
    const all = [...this.#idle.splice(0), ...this.#busy.keys()]
    this.#busy.clear()
    await Promise.all(all.map((worker) => worker.terminate()))
  }

  #next(): void {
    while (this.#waiting.length > 0) {
      const worker = this.#idle.pop() ?? (this.#busy.size < this.#size ? this.#start() : undefined)
      if (worker === undefined) return
      const job = this.#waiting.shift() as Job
      this.#busy.set(worker, job)
      try {
        worker.postMessage({ module: job.module, name: job.name, args: job.args })
      } catch (error) {
        // The arguments cannot be cloned: that is the caller's, the worker is fine.
        this.#release(worker)
        job.reject(error)
      }
    }
  }

  #start(): Worker {
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(LOOP)}`))
    worker.unref()
    worker.on('message', ({ value, error }: { value?: unknown; error?: { name?: string; message: string } }) => {
      const job = this.#busy.get(worker)
      this.#release(worker)
      if (error === undefined) job?.resolve(value)
      else job?.reject(new TalosError('worker_failed', `${job.name} failed: ${error.message}`, { name: error.name }))
      this.#next()
    })
    const gone = (error?: unknown) => {
      const job = this.#busy.get(worker)
      this.#busy.delete(worker)
      job?.reject(new TalosError('worker_failed', `The worker running ${job.name} ended.`, {}, error))
      this.#next()
    }
    worker.on('error', gone)
    worker.on('exit', () => gone())
    return worker
  }

  #release(worker: Worker): void {
    this.#busy.delete(worker)
    if (!this.#closed) this.#idle.push(worker)
  }
}
