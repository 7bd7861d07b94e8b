/**
 * Limits of a memo table: entries, weight, idle time. Least recently used first; an observed entry is
 * never dropped, because dropping it would lose the subscription (SPEC M4).
 */
import type { Readable } from './handles.ts'
import type { Node } from './node.ts'

export interface Limits {
  readonly maxEntries: number | undefined
  readonly maxWeight: number | undefined
  readonly weigh: ((value: unknown) => number) | undefined
  readonly maxIdleMs: number | undefined
  readonly clock: Readable<number> | undefined
}

interface Entry {
  readonly drop: () => void
  weight: number
  usedAtMs: number
}

export class Evictor {
  /** In order of use, oldest first. */
  readonly #entries = new Map<Node, Entry>()
  readonly #limits: Limits
  #weight = 0

  constructor(limits: Limits) {
    this.#limits = limits
  }

  add(node: Node, drop: () => void): void {
    this.#entries.set(node, { drop, weight: 0, usedAtMs: this.#nowMs() })
  }

  /** Move an entry to the young end, weigh it, and make room. */
  used(node: Node): void {
    const entry = this.#entries.get(node)
    if (entry === undefined) return
    this.#entries.delete(node)
    this.#entries.set(node, entry)
    entry.usedAtMs = this.#nowMs()
    const weight = this.#limits.weigh?.(node.peek()) ?? 0
    this.#weight += weight - entry.weight
    entry.weight = weight
    this.#shrink(node)
  }

  forget(node: Node): void {
    const entry = this.#entries.get(node)
    if (entry === undefined) return
    this.#weight -= entry.weight
    this.#entries.delete(node)
  }

  #shrink(keep: Node): void {
    const { maxEntries = Infinity, maxWeight = Infinity, maxIdleMs = Infinity } = this.#limits
    const idleBeforeMs = this.#nowMs() - maxIdleMs
    for (const [node, entry] of this.#entries) {
      const over = this.#entries.size > maxEntries || this.#weight > maxWeight
      if (!over && entry.usedAtMs > idleBeforeMs) return
      if (node !== keep && node.subs === null) entry.drop()
    }
  }

  #nowMs(): number {
    return this.#limits.clock?.peek() ?? 0
  }
}
