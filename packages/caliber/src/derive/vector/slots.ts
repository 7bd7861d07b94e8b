/** Which items have a vector in the database, by ordinal: four octets each, where the vector itself would take a thousand. */

const leastOrdinals = 64
const none = -1

export class Slots {
  #slotOf = new Int32Array(leastOrdinals).fill(none)
  #size = 0
  /** A slot above every one that was ever put. */
  #end = 0

  /** Items held. */
  get size(): number {
    return this.#size
  }

  get bytes(): number {
    return this.#slotOf.byteLength
  }

  get(ordinal: number): number | undefined {
    const slot = this.#slotOf[ordinal] ?? none
    return slot === none ? undefined : slot
  }

  put(ordinal: number, slot: number): void {
    if (ordinal >= this.#slotOf.length) {
      const held = this.#slotOf
      this.#slotOf = new Int32Array(Math.ceil((ordinal + 1) * 1.5)).fill(none)
      this.#slotOf.set(held)
    }
    if (this.get(ordinal) === undefined) this.#size += 1
    this.#slotOf[ordinal] = slot
    this.#end = Math.max(this.#end, slot + 1)
  }

  /** @returns false when it is not there */
  remove(ordinal: number): boolean {
    if (this.get(ordinal) === undefined) return false
    this.#slotOf[ordinal] = none
    this.#size -= 1
    return true
  }

  /** One bit per slot, the lowest of an octet first: set for those whose item is accepted. Asks for every item. */
  mask(accept: (ordinal: number) => boolean): Uint8Array {
    const mask = new Uint8Array((this.#end + 7) >> 3)
    for (const [ordinal, slot] of this.#slotOf.entries()) {
      if (slot !== none && accept(ordinal)) mask[slot >> 3] = (mask[slot >> 3] ?? 0) | (1 << (slot & 7))
    }
    return mask
  }
}
