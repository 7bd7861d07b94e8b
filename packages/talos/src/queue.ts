/** First in, first out, without giving the array back each time it runs empty: flushes are many and short. */
import type { Node } from './node.ts'

const KEPT = 1024

export class Queue {
  private items: (Node | undefined)[] = []
  private head = 0
  private tail = 0

  get size(): number {
    return this.tail - this.head
  }

  push(node: Node): void {
    this.items[this.tail++] = node
  }

  shift(): Node | undefined {
    if (this.head === this.tail) return undefined
    const node = this.items[this.head]
    // A consumed slot must not keep a dropped node alive.
    this.items[this.head++] = undefined
    if (this.head === this.tail) this.rewind()
    return node
  }

  /** Order what is queued; `key` must be cheap. Mostly it is in order already. */
  sortBy(key: (node: Node) => number): void {
    let last = Number.NEGATIVE_INFINITY
    for (let i = this.head; i < this.tail; i++) {
      const next = key(this.items[i] as Node)
      if (next < last) return this.sort(key)
      last = next
    }
  }

  private sort(key: (node: Node) => number): void {
    const sorted = (this.items.slice(this.head, this.tail) as Node[]).sort((a, b) => key(a) - key(b))
    for (const [i, node] of sorted.entries()) this.items[this.head + i] = node
  }

  private rewind(): void {
    this.head = 0
    this.tail = 0
    if (this.items.length > KEPT) this.items = []
  }
}
