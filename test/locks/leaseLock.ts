/** Fenced lease locks in memory, as simply as they can be written. Time is a parameter. */
import type { LockInput, LockOutput } from './lockHistory.ts'

/** What can be wrong with locks; each is something the checks must find. */
export type Fault = 'no row lock' | 'expiry unchecked' | 'fence unchecked' | 'fence restarts' | 'shared ignored'

interface Lease {
  readonly holder: string
  readonly mode: 'exclusive' | 'shared'
  untilMs: number
}

const stale: LockOutput = { kind: 'stale' }

/** One lock. */
export class LeaseLock {
  #fence = 0
  #position = 0
  readonly #leases = new Map<number, Lease>()
  readonly #fault: Fault | undefined

  constructor(fault?: Fault) {
    this.#fault = fault
  }

  /** Everything but a write takes effect at once. */
  answer(input: LockInput, nowMs: number): LockOutput {
    switch (input.kind) {
      case 'acquire': {
        for (const [fence, lease] of this.#leases) if (lease.untilMs <= nowMs) this.#leases.delete(fence)
        const excluded = [...this.#leases.values()].some((lease) => this.#excludes(lease, input.mode))
        if (excluded) return { kind: 'held' }
        this.#fence += 1
        const untilMs = nowMs + input.ttlMs
        this.#leases.set(this.#fence, { holder: input.holder, mode: input.mode, untilMs })
        return { kind: 'granted', fence: this.#fence, untilMs }
      }
      case 'extend': {
        const lease = this.#liveLease(input, nowMs)
        if (!lease) return stale
        lease.untilMs = nowMs + input.ttlMs
        return { kind: 'granted', fence: input.fence, untilMs: lease.untilMs }
      }
      case 'release':
        if (!this.#liveLease(input, nowMs)) return stale
        this.#leases.delete(input.fence)
        if (this.#fault === 'fence restarts') this.#fence = 0
        return { kind: 'released' }
      case 'write':
        return this.allows(input, nowMs) ? this.commit() : stale
    }
  }

  /** The check of a write. Its commit comes later; until then the lock must not change. */
  allows({ fence, holder }: { readonly fence: number; readonly holder: string }, nowMs: number): boolean {
    if (this.#fault === 'fence unchecked') return true
    const lease = this.#leases.get(fence)
    if (lease?.holder !== holder || lease.mode !== 'exclusive') return false
    return lease.untilMs > nowMs || this.#fault === 'expiry unchecked'
  }

  commit(): LockOutput {
    this.#position += 1
    return { kind: 'written', position: this.#position }
  }

  #liveLease({ fence, holder }: { readonly fence: number; readonly holder: string }, nowMs: number) {
    const lease = this.#leases.get(fence)
    return lease?.holder === holder && lease.untilMs > nowMs ? lease : undefined
  }

  #excludes(lease: Lease, mode: Lease['mode']): boolean {
    if (this.#fault === 'shared ignored') return lease.mode === 'exclusive' && mode === 'exclusive'
    return lease.mode === 'exclusive' || mode === 'exclusive'
  }
}
