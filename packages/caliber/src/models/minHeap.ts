/** A binary min-heap of numbers with a fixed capacity. Counts the levels it walks, for tests of growth. */
export class MinHeap {
  readonly #keys: Float64Array
  #size = 0
  /** Levels walked by all `push` and `pop` so far: the heap's whole work. */
  steps = 0

  /** @param capacity the most keys held at once; pushing beyond it loses keys, so the caller proves its bound */
  constructor(capacity: number) {
    this.#keys = new Float64Array(capacity)
  }

  push(key: number): void {
    const keys = this.#keys
    let hole = this.#size++
    while (hole > 0) {
      const parent = (hole - 1) >> 1
      const above = keys[parent] ?? 0
      this.steps++
      if (above <= key) break
      keys[hole] = above
      hole = parent
    }
    keys[hole] = key
  }

  /** Remove and return the smallest key; -1 when empty. */
  pop(): number {
    if (this.#size === 0) return -1
    const keys = this.#keys
    const smallest = keys[0] ?? 0
    const size = --this.#size
    const moved = keys[size] ?? 0
    let hole = 0
    for (let child = 1; child < size; child = 2 * hole + 1) {
      if (child + 1 < size && (keys[child + 1] ?? 0) < (keys[child] ?? 0)) child++
      const below = keys[child] ?? 0
      this.steps++
      if (below >= moved) break
      keys[hole] = below
      hole = child
    }
    keys[hole] = moved
    return smallest
  }
}
