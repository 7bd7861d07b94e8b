import type { CaliberError } from './errors.ts'
import type { Client } from './generated/client.ts'

export interface LockRequest {
  readonly regionId: string
  /** What is locked in the region. Default `*`: the lock that a region under a lock rule is written under. */
  readonly resource?: string | undefined
  /** How long the lease lasts unless it is extended. Default 30,000; it is extended while the work runs. */
  readonly ttlMs?: number | undefined
  /** How long to wait while somebody else holds the lock. Default 0. */
  readonly waitMs?: number | undefined
  /** Give up waiting, or abort the work. */
  readonly signal?: AbortSignal | undefined
}

/** What the work gets. */
export interface HeldLock {
  readonly fence: number
  /** Pass these with every write: `caliber.note.record({ … }, { fences })`. */
  readonly fences: readonly string[]
  /** Aborts when the lease is lost: what the work does from then on is no longer protected, and its writes are refused. */
  readonly signal: AbortSignal
}

/**
 * Hold a lock while `work` runs: acquire it, extend it in time, and release it whatever comes.
 *
 * @throws CaliberError `lock_held` when it cannot be had in `waitMs`, `fence_stale` when the lease was lost while the work ran
 */
export async function withLock<T>(
  client: Pick<Client, 'lock'>,
  { regionId, resource = '*', ttlMs = 30_000, waitMs = 0, signal }: LockRequest,
  work: (held: HeldLock) => Promise<T>,
): Promise<T> {
  const { leases } = await client.lock.acquire({ locks: [{ regionId, resource }], ttlMs, waitMs }, { signal })
  const fence = leases[0]?.fence ?? 0
  const lost = new AbortController()
  const renewing = keepRenewing(client, { regionId, resource, fence, ttlMs }, lost)
  try {
    const result = await work({
      fence,
      fences: [`${regionId}:${fence}`],
      signal: signal ? AbortSignal.any([signal, lost.signal]) : lost.signal,
    })
    lost.signal.throwIfAborted()
    return result
  } finally {
    renewing.stop()
    // Best effort: a lease that is not released ends by itself.
    await client.lock.release({ regionId, resource, fence }).catch(() => undefined)
  }
}

interface Lease {
  readonly regionId: string
  readonly resource: string
  readonly fence: number
  readonly ttlMs: number
}

/** Extend at a third of the lease's time, so that two attempts may fail; abort once it has certainly ended. */
function keepRenewing(client: Pick<Client, 'lock'>, lease: Lease, lost: AbortController): { stop(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined
  let stopped = false
  let endsAtMs = performance.now() + lease.ttlMs
  const next = () => {
    timer = setTimeout(renew, Math.min(lease.ttlMs / 3, Math.max(0, endsAtMs - performance.now())))
  }
  const renew = async () => {
    const askedAtMs = performance.now()
    try {
      await client.lock.extend(lease, { signal: AbortSignal.timeout(Math.max(1, Math.ceil(endsAtMs - askedAtMs))) })
      // Counted from before the request: the lease ends no earlier.
      endsAtMs = askedAtMs + lease.ttlMs
    } catch (error) {
      if (isOver(error) || performance.now() >= endsAtMs) {
        lost.abort(error)
        return
      }
    }
    if (!stopped) next()
  }
  next()
  return {
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}

/** The database says that the lease is gone; anything else may pass. */
function isOver(error: unknown): boolean {
  return error instanceof Error && (error as Partial<CaliberError>).code === 'fence_stale'
}
