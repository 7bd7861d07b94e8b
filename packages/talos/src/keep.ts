/**
 * Keeping what is read again and again.
 *
 * A derived value read from outside without an observer has no back edges and is verified by walking
 * what it read. When that happens a second time it is linked like an observed one, so that further reads
 * cost only what changed. It is let go when nobody reads it between two sweeps; sweeps come with growth,
 * with writes and with garbage collections, so dropped values never accumulate (SPEC L3).
 */
import { link, release } from './links.ts'
import { KEPT, LINKED, type Node, stampOf } from './node.ts'
import type { State } from './state.ts'

const SMALLEST_SWEEP = 256
const WRITES_PER_SWEEP = 4096

export class Keeper {
  readonly #state: State
  #kept: Node[] = []
  #limit = SMALLEST_SWEEP
  #lastSweep = 0
  #sweepBefore = 0
  // Held here so that its callback is not collected.
  #sentinels: FinalizationRegistry<undefined> | undefined

  constructor(state: State) {
    this.#state = state
  }

  get size(): number {
    return this.#kept.length
  }

  /** Link a node that was just verified. */
  keep(node: Node): void {
    const state = this.#state
    if (this.#kept.length >= this.#limit || state.clock > this.#lastSweep + WRITES_PER_SWEEP) this.sweep()
    if ((node.flags & LINKED) === 0) link(state, node)
    node.flags |= KEPT
    this.#kept.push(node)
    this.#watch()
  }

  /** Let go of what was not read since the sweep before the last. */
  sweep(): void {
    const before = this.#sweepBefore
    const kept: Node[] = []
    for (const node of this.#kept) {
      if (stampOf(node) >= before && (node.flags & KEPT) !== 0) kept.push(node)
      else this.drop(node)
    }
    this.#kept = kept
    this.#limit = Math.max(SMALLEST_SWEEP, kept.length * 2)
    this.#sweepBefore = this.#lastSweep
    this.#lastSweep = this.#state.clock
  }

  drop(node: Node): void {
    node.flags &= ~KEPT
    release(node)
  }

  /** A collected sentinel tells that a garbage collection happened; sweeping then lets the next one collect more. */
  #watch(): void {
    if (this.#sentinels !== undefined || typeof FinalizationRegistry === 'undefined') return
    const self = new WeakRef(this)
    this.#sentinels = new FinalizationRegistry(() => self.deref()?.collected())
    this.#sentinels.register({}, undefined)
  }

  private collected(): void {
    this.#sentinels = undefined
    // Without a write in between, a value nobody reads looks like one just read: move time on.
    this.#state.tick()
    this.sweep()
    if (this.#kept.length > 0) this.#watch()
  }
}
