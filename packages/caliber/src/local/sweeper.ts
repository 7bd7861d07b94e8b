/** Sweep now and then, for as long as a process owns its directory. */
import { waitBehind } from '../derive/waitBehind.ts'

export interface SweeperOptions {
  /** Told of a run that failed. The next one does its work. */
  onFailure(error: unknown): void
  /** Rejects when the signal aborts. */
  wait?(ms: number, signal: AbortSignal): Promise<void>
  /** Uniform in [0, 1). */
  random?(): number
}

const sweepEveryMs = 60 * 60 * 1000

/**
 * Sweep at once and then every hour, somewhat sooner or later: of processes that share a database and started together, not all
 * sweep at the same moment.
 *
 * @returns the end of it: the run under way stops where it can
 */
export function startSweeping(
  sweep: (signal: AbortSignal) => Promise<void>,
  { onFailure, wait = waitBehind, random = Math.random }: SweeperOptions,
): () => Promise<void> {
  const closing = new AbortController()
  const { signal } = closing
  const run = async () => {
    while (!signal.aborted) {
      await sweep(signal).catch(onFailure)
      await wait(sweepEveryMs * (0.75 + random() / 2), signal).catch(() => undefined)
    }
  }
  const running = run()
  return async () => {
    closing.abort()
    await running
  }
}
