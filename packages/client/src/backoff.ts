/**
 * How long to wait before a retry: exponential with full jitter, so that clients which failed together do not come back
 * together (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog 2015).
 *
 * @param attempt 0 before the first retry
 * @param random in [0, 1)
 * @param retryAfterMs what the server asked for; a floor, up to the cap
 */
export function backoffMs(attempt: number, random: number, retryAfterMs = 0): number {
  const jittered = random * Math.min(capMs, baseMs * 2 ** attempt)
  return Math.min(capMs, Math.max(retryAfterMs, jittered))
}

const baseMs = 100
const capMs = 5_000

/** Wait, or reject with the signal's reason as soon as it aborts. */
export function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    if (signal?.aborted) stop()
    else signal?.addEventListener('abort', stop, { once: true })
  })
}
