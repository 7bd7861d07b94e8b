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

interface Holding {
  readonly vectors: VectorIndex | Slots
  /** Sum of a hash per item that has a vector, so that equal sets have equal sums. */
  sum: bigint
}

export class VectorSpace {
  readonly name: string
  readonly #dimensions: number
  #serving: Holding
  /** What takes its place once no item waits: slots, while vectors move from memory to the database. */
  #filling: Holding | undefined
  /** Items that lack a vector, or a slot in what is being filled, and may still get one, by ordinal. */
  readonly #lacking = new Set<number>()

  constructor({ name, dimensions }: Space) {
    this.name = name
    this.#dimensions = dimensions
    this.#serving = { vectors: new VectorIndex(dimensions), sum: 0n }
  }

  /** The vectors that are searched, or where they lie in the database. */
  get vectors(): VectorIndex | Slots {
    return this.#serving.vectors
  }

  /** Where vectors go. */
  get place(): VectorPlace {
    return this.#newest.vectors instanceof Slots ? 'database' : 'memory'
  }

  /** Items that have a vector. */
  get size(): number {
    return this.vectors.size
  }

  /** Estimate of the octets held. */
  get bytes(): number {
    return this.vectors.bytes + (this.#filling?.vectors.bytes ?? 0) + this.#lacking.size * 40
  }

  get coverage(): Coverage {
    return this.#lacking.size === 0 ? 'full' : 'partial'
  }

  /** Names the set of items that have a vector. */
  get digest(): string {
    return BigInt.asUintN(64, this.#serving.sum).toString(16).padStart(16, '0')
  }

  /** Ordinals of the items that lack a vector, oldest first. */
  get lacking(): ReadonlySet<number> {
    return this.#lacking
  }

  /** Say that an item may get a vector. */
  expect(ordinal: number): void {
    this.#lacking.add(ordinal)
  }

  /**
   * Hold slots where the vectors of all items would take more octets than these: every item then waits for one, and the
   * vectors that are there serve until each has it. It stays so, because a memory that shrinks and grows about the limit
   * would move to and fro.
   */
  keepWithin(maxBytes: number): void {
    const { vectors } = this.#newest
    if (vectors instanceof Slots) return
    const ordinals = new Set([...this.#lacking, ...vectors.docs()])
    if (ordinals.size * this.#dimensions * 4 <= maxBytes) return
    this.#lacking.clear()
    for (const ordinal of [...ordinals].sort((a, b) => a - b)) this.#lacking.add(ordinal)
    this.#filling = { vectors: new Slots(), sum: 0n }
    if (vectors.size === 0) this.#serve()
  }

  /** Give an item its vector, or say that it gets none. Nothing happens when it does not lack one, or lacks a slot. */
  put(ordinal: number, id: string, vector: Float32Array | null): void {
    const into = this.#newest
    if (vector === null) this.#lacking.delete(ordinal)
    else if (into.vectors instanceof VectorIndex && this.#lacking.delete(ordinal)) {
      into.vectors.add(ordinal, vector)
      into.sum += hashOf(id)
    }
    this.#serveWhenComplete()
  }

  /** Say where the vector of an item lies. Nothing happens when it does not lack a slot. */
  putSlot(ordinal: number, id: string, slot: number): void {
    const into = this.#newest
    if (!(into.vectors instanceof Slots) || !this.#lacking.delete(ordinal)) return
    into.vectors.put(ordinal, slot)
    into.sum += hashOf(id)
    this.#serveWhenComplete()
  }

  remove(ordinal: number, id: string): void {
    this.#lacking.delete(ordinal)
    for (const holding of [this.#serving, this.#filling]) {
      if (holding?.vectors.remove(ordinal)) holding.sum -= hashOf(id)
    }
    this.#serveWhenComplete()
  }

  get #newest(): Holding {
    return this.#filling ?? this.#serving
  }

  #serveWhenComplete(): void {
    if (this.#lacking.size === 0) this.#serve()
  }

  #serve(): void {
    this.#serving = this.#newest
    this.#filling = undefined
  }
}

/** Ids are random in all but their time, so a few of their digits spread well enough once they are mixed (splitmix64). */
function hashOf(id: string): bigint {
  let hash = BigInt(`0x${id.replaceAll('-', '').slice(-16)}`)
  hash = BigInt.asUintN(64, (hash ^ (hash >> 30n)) * 0xbf58476d1ce4e5b9n)
  hash = BigInt.asUintN(64, (hash ^ (hash >> 27n)) * 0x94d049bb133111ebn)
  return hash ^ (hash >> 31n)
}
