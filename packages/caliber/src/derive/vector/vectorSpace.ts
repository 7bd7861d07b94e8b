/**
 * The items of a memory as directions in the space of one model: which have a vector, and which may still get one.
 *
 * The vectors lie in an index in memory. Where they would take more room than they may, they lie in the database
 * (`storedVectors.ts`), and slots are held instead.
 */
import { Slots } from './slots.ts'
import { VectorIndex } from './vectorIndex.ts'

/** Vectors of one space are compared with each other and with no others. */
export interface Space {
  readonly name: string
  readonly dimensions: number
}

/** A question as a vector, by the name of the space: of those models that answered in time. */
export type QuestionVectors = ReadonlyMap<string, Float32Array>

/** How many of the items have their vectors. */
export type Coverage = 'partial' | 'full'

/** Where the vectors of a memory lie. */
export const vectorPlaces = ['memory', 'database'] as const
export type VectorPlace = (typeof vectorPlaces)[number]

export class VectorSpace {
  readonly name: string
  readonly #dimensions: number
  #held: VectorIndex | Slots
  /** Items that lack a vector and may still get one, by ordinal. */
  readonly #lacking = new Set<number>()
  /** Sum of a hash per item that has a vector, so that equal sets have equal sums. */
  #sum = 0n

  constructor({ name, dimensions }: Space) {
    this.name = name
    this.#dimensions = dimensions
    this.#held = new VectorIndex(dimensions)
  }

  /** The vectors themselves, or where they lie in the database. */
  get held(): VectorIndex | Slots {
    return this.#held
  }

  get place(): VectorPlace {
    return this.#held instanceof Slots ? 'database' : 'memory'
  }

  /** Items that have a vector. */
  get size(): number {
    return this.#held.size
  }

  /** Estimate of the octets held. */
  get bytes(): number {
    return this.#held.bytes + this.#lacking.size * 40
  }

  get coverage(): Coverage {
    return this.#lacking.size === 0 ? 'full' : 'partial'
  }

  /** Names the set of items that have a vector. */
  get digest(): string {
    return BigInt.asUintN(64, this.#sum).toString(16).padStart(16, '0')
  }

  /** Ordinals of the items that lack a vector, in the order they came. */
  get lacking(): ReadonlySet<number> {
    return this.#lacking
  }

  /** Say that an item may get a vector. */
  expect(ordinal: number): void {
    this.#lacking.add(ordinal)
  }

  /**
   * Hold slots from now on where the vectors of all items would take more octets than these. It stays so: a memory that
   * shrinks and grows about the limit would look its vectors up again and again. Every item that had one lacks it then.
   */
  keepWithin(maxBytes: number): void {
    if (this.#held instanceof Slots || (this.size + this.#lacking.size) * this.#dimensions * 4 <= maxBytes) return
    const ordinals = [...this.#lacking, ...this.#held.docs()].sort((a, b) => a - b)
    this.#lacking.clear()
    for (const ordinal of ordinals) this.#lacking.add(ordinal)
    this.#held = new Slots()
    this.#sum = 0n
  }

  /** Give an item its vector, or say that it gets none. Nothing happens when it does not lack one, or lacks a slot. */
  put(ordinal: number, id: string, vector: Float32Array | null): void {
    if (vector === null) this.#lacking.delete(ordinal)
    else if (this.#held instanceof VectorIndex && this.#lacking.delete(ordinal)) {
      this.#held.add(ordinal, vector)
      this.#sum += hashOf(id)
    }
  }

  /** Say where the vector of an item lies. Nothing happens when it does not lack a slot. */
  putSlot(ordinal: number, id: string, slot: number): void {
    if (!(this.#held instanceof Slots) || !this.#lacking.delete(ordinal)) return
    this.#held.put(ordinal, slot)
    this.#sum += hashOf(id)
  }

  remove(ordinal: number, id: string): void {
    this.#lacking.delete(ordinal)
    if (this.#held.remove(ordinal)) this.#sum -= hashOf(id)
  }
}

/** Ids are random in all but their time, so a few of their digits spread well enough once they are mixed (splitmix64). */
function hashOf(id: string): bigint {
  let hash = BigInt(`0x${id.replaceAll('-', '').slice(-16)}`)
  hash = BigInt.asUintN(64, (hash ^ (hash >> 30n)) * 0xbf58476d1ce4e5b9n)
  hash = BigInt.asUintN(64, (hash ^ (hash >> 27n)) * 0x94d049bb133111ebn)
  return hash ^ (hash >> 31n)
}
