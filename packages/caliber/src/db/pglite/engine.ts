/**
 * The host's end of one worker: requests with a deadline, and an end that is noticed.
 *
 * A worker that misses a deadline, breaks off or dies is ended for good; the call at fault rejects with `timeout` or
 * what broke, the others under way with `unavailable`. Replacing it is the business of `open.ts`. Nothing that happens
 * inside the worker reaches the host's process as an unhandled error.
 */
import { Worker } from 'node:worker_threads'
import { CaliberError } from '../../domain/errors.ts'
import { fromPg } from '../fromPg.ts'
import type { EngineOptions, Failure, Reply, Request } from './protocol.ts'
import { workerFile } from './workerFile.ts'

export interface Engine {
  /** @param deadlineMs the worker is ended when the answer takes longer */
  call<Row extends object>(request: Request, deadlineMs: number): Promise<readonly Row[]>
  /** Resolves when the thread is gone, for whatever reason, and its directory free. */
  readonly ended: Promise<void>
  readonly alive: () => boolean
  /** End the thread as a crash would. */
  stop(): Promise<void>
}

interface Pending {
  readonly resolve: (rows: readonly object[]) => void
  readonly reject: (error: CaliberError) => void
}

/** Opening includes crash recovery, or initdb on a busy machine. */
const OPEN_DEADLINE_MS = 120_000

/** @throws CaliberError `storage_full` when opening needs more disk than is left, `unavailable` for other reasons */
export async function startEngine(
  options: EngineOptions,
  onRing: (channel: string, payload: string) => void,
): Promise<Engine> {
  const worker = new Worker(workerFile(), { workerData: options, execArgv: [], stdout: true, stderr: true })
  const pending = new Map<number, Pending>()
  let lastId = 0
  let alive = true

  /** End the thread; every call under way is told why. */
  const end = (error: CaliberError): void => {
    if (!alive) return
    alive = false
    for (const { reject } of pending.values()) reject(error)
    pending.clear()
    void worker.terminate()
  }
  const ended = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      end(brokenOff())
      resolve()
    })
  })
  worker.on('error', (error) => end(brokenOff(error)))
  worker.on('messageerror', (error) => end(brokenOff(error)))

  const opened = new Promise<readonly object[]>((resolve, reject) => {
    pending.set(0, { resolve, reject })
  })
  worker.on('message', (reply: Reply) => {
    if (reply.kind === 'ring') return onRing(reply.channel, reply.payload)
    const id = reply.kind === 'ready' || reply.kind === 'failed' ? 0 : reply.id
    const call = pending.get(id)
    pending.delete(id)
    if (reply.kind === 'ready') return call?.resolve([])
    if (reply.kind === 'rows') return call?.resolve(reply.rows)
    call?.reject(errorOf(reply.failure))
    if (reply.failure.fatal) end(errorOf(reply.failure))
  })

  const withDeadline = async <T>(answer: Promise<T>, deadlineMs: number, id: number): Promise<T> => {
    const timer = setTimeout(() => {
      pending.get(id)?.reject(tooSlow(deadlineMs))
      pending.delete(id)
      end(brokenOff())
    }, deadlineMs)
    try {
      return await answer
    } finally {
      clearTimeout(timer)
    }
  }

  try {
    await withDeadline(opened, OPEN_DEADLINE_MS, 0)
  } catch (error) {
    end(brokenOff())
    await ended
    throw error
  }

  return {
    async call<Row extends object>(request: Request, deadlineMs: number) {
      if (!alive) throw brokenOff()
      lastId += 1
      const id = lastId
      const answer = new Promise<readonly object[]>((resolve, reject) => pending.set(id, { resolve, reject }))
      worker.postMessage({ ...request, id })
      return (await withDeadline(answer, deadlineMs, id)) as readonly Row[]
    },
    ended,
    alive: () => alive,
    stop() {
      end(brokenOff())
      return ended
    },
  }
}

function errorOf({ code, message, fatal }: Failure): CaliberError {
  const cause = Object.assign(new Error(message), { code })
  return fatal && code !== '53100' ? brokenOff(cause) : fromPg(cause)
}

function brokenOff(cause?: unknown): CaliberError {
  return new CaliberError(
    'unavailable',
    'The embedded database broke off and restarts. Read the state, then send the request again.',
    {},
    cause,
  )
}

function tooSlow(limitMs: number): CaliberError {
  return new CaliberError('timeout', `The statement was stopped at its limit of ${limitMs} ms; nothing was written.`, {
    limitMs,
  })
}
