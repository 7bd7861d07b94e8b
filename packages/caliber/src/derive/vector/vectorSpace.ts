/** The items of a memory as directions in the space of one model: which have a vector, and which may still get one. */
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

export class VectorSpace {
  readonly name: string
  readonly index: VectorIndex
  /** Items that lack a vector and may still get one, by ordinal. */
  readonly #lacking = new Set<number>()
  /** Sum of a hash per item that has a vector, so that equal sets have equal sums. */
  #sum = 0n

  constructor({ name, dimensions }: Space) {
    this.name = name
    this.index = new VectorIndex(dimensions)
  }

  /** Estimate of the octets held. */
  get bytes(): number {
    return this.index.bytes + this.#lacking.size * 40
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

  /** Give an item its vector, or say that it gets none. Nothing happens when it does not lack one. */
  put(ordinal: number, id: string, vector: Float32Array | null): void {
    if (!this.#lacking.delete(ordinal) || vector === null) return
    this.index.add(ordinal, vector)
    this.#sum += hashOf(id)
  }

  remove(ordinal: number, id: string): void {
    this.#lacking.delete(ordinal)
    if (this.index.remove(ordinal)) this.#sum -= hashOf(id)
  }
}

/** Ids are random in all but their time, so a few of their digits spread well enough once they are mixed (splitmix64). */
function hashOf(id: string): bigint {
  let hash = BigInt(`0x${id.replaceAll('-', '').slice(-16)}`)
  hash = BigInt.asUintN(64, (hash ^ (hash >> 30n)) * 0xbf58476d1ce4e5b9n)
  hash = BigInt.asUintN(64, (hash ^ (hash >> 27n)) * 0x94d049bb133111ebn)
  return hash ^ (hash >> 31n)
}
