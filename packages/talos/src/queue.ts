/** First in, first out, without giving the array back each time it runs empty: flushes are many and short. */
import type { Node } from './node.ts'

const KEPT = 1024
/** Insertion beats sorting while items stand a few places from where they belong. */
const MOVES_PER_ITEM = 8

export class Queue {
  private items: (Node | undefined)[] = []
  private head = 0
  private tail = 0

  get size(): number {
    return this.tail - this.head
  }

  /** Both ends return to zero when the last item leaves. */
  get empty(): boolean {
    return this.tail === 0
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
    const { items, head, tail } = this
    let moves = MOVES_PER_ITEM * (tail - head)
    for (let i = head + 1; i < tail; i++) {
      const node = items[i] as Node
      const rank = key(node)
      let at = i
      for (; at > head && key(items[at - 1] as Node) > rank; at--) items[at] = items[at - 1]
      if (at === i) continue
      items[at] = node
      moves -= i - at
      if (moves < 0) return this.sort(key)
    }
  }

  private sort(key: (node: Node) => number): void {
    const sorted = (this.items.slice(this.head, this.tail) as Node[]).sort((a, b) => key(a) - key(b))
    for (let i = 0; i < sorted.length; i++) this.items[this.head + i] = sorted[i]
  }

  private rewind(): void {
    this.head = 0
    this.tail = 0
    if (this.items.length > KEPT) this.items = []
  }
}
