/**
 * Expensive pure functions whose results processes share through a store.
 *
 * The key of a result is a digest of name, version and arguments, so it needs no invalidation. Before
 * computing, a process takes a lease; the others wait for the result. Leases are numbered files that can
 * only be created once: number n + 1 may be taken when n has expired. Publishing creates the result
 * entry, which can also happen only once, so whoever comes second, even a process that slept through its
 * lease, adopts what is there (SPEC H1). Execution is at least once, publication exactly once.
 */
import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto'
import type { Store } from '../store/store.ts'
import { decode, digest, encode } from './codec.ts'

export interface ShareOptions {
  /** Part of the key: change it with the code. */
  readonly version?: string | number
  /** How long a silent holder keeps others waiting. Renewed while it works. Default 10 s. */
  readonly leaseMs?: number
  /** Longest pause between two looks of a waiter. Default 50 ms. */
  readonly pollMs?: number
  /** Authenticates entries: without the key nobody can write one that is believed. */
  readonly secret?: string
  /** Told about each call. */
  readonly onEvent?: (event: ShareEvent) => void
  readonly now?: () => number
}

export interface ShareEvent {
  readonly kind: 'hit' | 'published' | 'adopted' | 'rejected'
  readonly key: string
}

/** Wrap a function so that each distinct argument list is computed and published once among all processes. */
export function share<A extends readonly unknown[], T>(
  store: Store,
  name: string,
  fn: (...args: A) => Promise<T> | T,
  options: ShareOptions = {},
): (...args: A) => Promise<T> {
  const underWay = new Map<string, Promise<T>>()
  return (...args) => {
    const key = digest(encode(['talos-share', name, String(options.version ?? ''), args]))
    const known = underWay.get(key)
    if (known !== undefined) return known
    const call = obtain(new Entry(store, key, options), () => fn(...args)) as Promise<T>
    underWay.set(key, call)
    const done = () => underWay.delete(key)
    call.then(done, done)
    return call
  }
}

async function obtain(entry: Entry, compute: () => unknown): Promise<unknown> {
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, entry.pollMs)) {
    const found = await entry.read()
    if (found !== undefined) return entry.report('hit', found.value)
    const lease = await entry.acquire()
    if (lease === undefined) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
      continue
    }
    try {
      // Published between the look and the lease.
      const late = await entry.read()
      if (late !== undefined) return entry.report('hit', late.value)
      return await entry.publish(await compute())
    } finally {
      await lease.release()
    }
  }
}

interface Lease {
  release(): Promise<void>
}

class Entry {
  readonly pollMs: number
  readonly #store: Store
  readonly #key: string
  readonly #options: ShareOptions
  readonly #leaseMs: number
  readonly #now: () => number

  constructor(store: Store, key: string, options: ShareOptions) {
    this.#store = store
    this.#key = key
    this.#options = options
    this.#leaseMs = options.leaseMs ?? 10_000
    this.pollMs = options.pollMs ?? 50
    this.#now = options.now ?? Date.now
  }

  async read(): Promise<{ value: unknown } | undefined> {
    const bytes = await this.#store.read(`result/${this.#key}`).catch(() => new Uint8Array())
    if (bytes === undefined) return undefined
    const text = Buffer.from(bytes).toString()
    const at = text.indexOf('\n')
    const body = text.slice(at + 1)
    if (at > 0 && sameText(text.slice(0, at), this.#seal(body))) return { value: decode(body) }
    // Damaged or forged: out of the way, so that it can be computed again.
    this.report('rejected', undefined)
    await this.#store.delete(`result/${this.#key}`)
    return undefined
  }

  async publish(value: unknown): Promise<unknown> {
    const body = encode(value)
    const data = Buffer.from(`${this.#seal(body)}\n${body}`)
    if (await this.#store.create(`result/${this.#key}`, data)) return this.report('published', decode(body))
    const found = await this.read()
    return found === undefined ? value : this.report('adopted', found.value)
  }

  /** Take the lease if nobody holds it. */
  async acquire(): Promise<Lease | undefined> {
    let fence = 0
    for (;;) {
      const held = await this.#lease(fence + 1)
      if (held === undefined) break
      fence++
      if (held.untilMs > this.#now()) return undefined
    }
    fence++
    const owner = randomUUID()
    const key = `lease/${this.#key}/${fence}`
    const data = () => Buffer.from(JSON.stringify({ owner, untilMs: this.#now() + this.#leaseMs }))
    if (!(await this.#store.create(key, data()))) return undefined
    const timer = setInterval(() => void this.#store.write(key, data()).catch(() => {}), this.#leaseMs / 3)
    timer.unref?.()
    return {
      release: async () => {
        clearInterval(timer)
        const expired = Buffer.from(JSON.stringify({ owner, untilMs: 0 }))
        await this.#store.write(key, expired)
      },
    }
  }

  report<V>(kind: ShareEvent['kind'], value: V): V {
    this.#options.onEvent?.({ kind, key: this.#key })
    return value
  }

  async #lease(fence: number): Promise<{ untilMs: number } | undefined> {
    const bytes = await this.#store.read(`lease/${this.#key}/${fence}`)
    if (bytes === undefined) return undefined
    try {
      const { untilMs } = JSON.parse(Buffer.from(bytes).toString()) as { untilMs: unknown }
      return { untilMs: typeof untilMs === 'number' ? untilMs : 0 }
    } catch {
      return { untilMs: 0 }
    }
  }

  #seal(body: string): string {
    const { secret } = this.#options
    const bound = `${this.#key}\n${body}`
    return secret === undefined ? digest(bound) : createHmac('sha256', secret).update(bound).digest('base64url')
  }
}

function sameText(left: string, right: string): boolean {
  const a = Buffer.from(left)
  const b = Buffer.from(right)
  return a.length === b.length && timingSafeEqual(a, b)
}
