/**
 * What a fork sees: overlays first, then its own results, then whatever of its parent still holds.
 *
 * A derived node is shared with the parent when the parent's result is current and nothing it was
 * computed from is overlaid; otherwise the fork runs a shadow of it, a node with the same function
 * whose trace leads to other nodes of this view. The parent's nodes are never run from here, so
 * nothing leaks (SPEC W1).
 */
import { settle } from '../mark.ts'
import { FORCE, INPUT, isEqual, Node, setStamp } from '../node.ts'
import { settled } from '../settled.ts'
import type { State, View } from '../state.ts'
import { assign } from '../write.ts'

export class Overlay implements View {
  readonly state: State
  readonly parent: Overlay | null
  /** Values set or pinned here, as inputs of this view. */
  readonly pins: Map<Node, Node> = new Map()
  /** Results computed here. */
  readonly shadows: Map<Node, Node> = new Map()
  /** Refuses writes: snapshots. */
  readonly frozen: boolean
  /** Clock of the last own write, and of the last change of what is pinned. */
  #writtenAt = 0
  #pinnedAt = 0
  #resolvedAt = -1
  readonly #shared: Map<Node, boolean> = new Map()

  constructor(state: State, parent: Overlay | null, frozen: boolean) {
    this.state = state
    this.parent = parent
    this.frozen = frozen
  }

  /** The node that stands for `node` in this view. */
  resolve(node: Node): Node {
    const pin = this.pins.get(node)
    if (pin !== undefined) return pin
    if ((node.flags & INPUT) !== 0) return this.parent?.resolve(node) ?? node
    this.#refresh()
    return this.#standIn(node)
  }

  write(node: Node, value: unknown): void {
    const { state } = this
    const pin = this.pins.get(node)
    if (pin === undefined) {
      const seen = this.parent?.resolve(node) ?? node
      if ((node.flags & INPUT) !== 0 && isEqual(node, seen.value, value)) return
      this.pin(node, value)
      return
    }
    if (isEqual(node, pin.value, value)) return
    assign(state, pin, value)
    this.#writtenAt = state.clock
    if (state.batchDepth === 0) state.revision++
  }

  /** Make a value hold in this view whatever the parent says. */
  pin(node: Node, value: unknown): void {
    const { state } = this
    const known = this.pins.get(node)
    if (known !== undefined) return this.write(node, value)
    const pin = new Node(state, null, value, INPUT)
    pin.extra = { ...node.extra, origin: node }
    pin.changedAt = state.tick()
    this.pins.set(node, pin)
    this.#pinnedAt = state.clock
    if (state.batchDepth > 0)
      state.log.push({ node: pin, value: undefined, first: false, undo: () => this.unpin(node) })
  }

  unpin(node: Node): void {
    if (!this.pins.delete(node)) return
    this.#pinnedAt = this.state.tick()
  }

  /** Take over a result a child view computed; its trace still leads to that view's nodes. */
  inherit(node: Node, shadow: Node): void {
    if (this.shadows.has(node)) return
    this.shadows.set(node, shadow)
    this.#resolvedAt = -1
  }

  /** Clock of the last change that can alter what is shared with the parent. */
  get changedAt(): number {
    const above = this.parent === null ? this.state.writtenAt : Math.max(this.parent.changedAt, this.parent.#writtenAt)
    return this.frozen ? this.#pinnedAt : Math.max(above, this.#pinnedAt)
  }

  /** Whether a result of this view is known to hold without running anything. */
  holds(node: Node): boolean {
    return settled(this.state, node)
  }

  /** Point every shadow at the nodes that now stand for its dependencies. Nothing runs. */
  #refresh(): void {
    const { changedAt } = this
    if (this.#resolvedAt === changedAt) return
    this.#resolvedAt = changedAt
    // Linked nodes tell whether they are current only once every change is announced.
    settle(this.state)
    this.#shared.clear()
    for (const shadow of this.shadows.values()) {
      const { trace } = shadow
      for (let at = 0; at < trace.length; at += 2) {
        const dependency = trace[at] as Node
        const next = this.#standInFor(dependency.extra?.origin ?? dependency)
        if (next === dependency) continue
        trace[at] = next
        // Stamps of another node say nothing: compare by the value seen.
        setStamp(shadow, 0)
      }
    }
  }

  #standInFor(node: Node): Node {
    const pin = this.pins.get(node)
    if (pin !== undefined) return pin
    return (node.flags & INPUT) !== 0 ? (this.parent?.resolve(node) ?? node) : this.#standIn(node)
  }

  #standIn(node: Node): Node {
    const above = this.parent?.resolve(node) ?? node
    // Pinned further up: that beats what was computed here before.
    if ((above.flags & INPUT) !== 0) return above
    const known = this.shadows.get(node)
    if (known !== undefined) return known
    if (settled(this.state, above, this.#shared, (dependency) => this.#isPinned(dependency))) return above
    const shadow = new Node(this.state, node.fn, undefined, FORCE)
    shadow.extra = { ...node.extra, origin: node }
    this.shadows.set(node, shadow)
    return shadow
  }

  #isPinned(node: Node): boolean {
    return this.pins.has(node.extra?.origin ?? node)
  }
}
