/**
 * Time as an input.
 *
 * Reading never asks the operating system for the time; a program moves it with `advance`, from a timer
 * or before a batch of reads. A derived value that calls `expireAfter` depends on one bit, "the deadline
 * has passed", so time moving costs it nothing until then; when it runs again, its dependents run only if
 * its value differs (SPEC T1).
 */
import type { Graph } from './graph.ts'
import type { Readable } from './handles.ts'

export interface Clock extends Disposable {
  /** Milliseconds, as of the last `advance`. */
  readonly now: Readable<number>
  /** Set `now` from the source, or to a given time. It never goes back. */
  advance(toMs?: number): void
  /** Call inside a derived value: it runs again once this much time has passed. */
  expireAfter(ttlMs: number): void
  /** Advance every so often, without keeping the process alive. Stopped by dispose. */
  every(intervalMs: number): void
}

/** @param source milliseconds, for example `Date.now` */
export function createClock(graph: Graph, source: () => number): Clock {
  const now = graph.input(source())
  let timer: { unref?(): void } | undefined
  const stop = () => clearInterval(timer as never)
  const advance = (toMs = source()) => {
    if (toMs > now.peek()) now.set(toMs)
  }
  return {
    now,
    advance,
    expireAfter(ttlMs) {
      const deadlineMs = now.peek() + ttlMs
      graph.derived(() => now.get() >= deadlineMs).get()
    },
    every(intervalMs) {
      stop()
      timer = setInterval(() => advance(), intervalMs) as { unref?(): void }
      timer.unref?.()
    },
    [Symbol.dispose]: stop,
  }
}
