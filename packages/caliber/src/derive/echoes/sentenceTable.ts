/**
 * Who says a sentence: the first item in typed arrays with open addressing, the others, who are few, in a map.
 */
import type { Sentence } from './sentences.ts'

type Name = Pick<Sentence, 'high' | 'low'>

const empty = -1
const removed = -2
const leastPlaces = 64
const bytesPerPlace = 12
/** Rough octets of an entry of the map. */
const bytesPerRepeat = 150

export class SentenceTable {
  #high = new Int32Array(leastPlaces)
  #low = new Int32Array(leastPlaces)
  #ordinals = new Int32Array(leastPlaces).fill(empty)
  /** Places that are not empty. */
  #used = 0
  /** Who says a sentence after the first, in order. */
  readonly #repeats = new Map<string, number[]>()

  /** Estimated octets held. */
  get bytes(): number {
    return this.#ordinals.length * bytesPerPlace + this.#repeats.size * bytesPerRepeat
  }

  /** The first item that says a sentence. */
  first(sentence: Name): number | undefined {
    const ordinal = this.#ordinals[this.#placeOf(sentence)] ?? empty
    return ordinal < 0 ? undefined : ordinal
  }

  /** Those who say a sentence after the first, in order. */
  repeats(sentence: Name): readonly number[] {
    return this.#repeats.get(keyOf(sentence)) ?? []
  }

  /** An item counts once for a sentence. */
  add(sentence: Name, ordinal: number): void {
    const first = this.first(sentence)
    if (first === undefined) {
      this.#set(sentence, ordinal)
      return
    }
    const repeats = this.#repeats.get(keyOf(sentence)) ?? []
    if (ordinal < first) {
      this.#set(sentence, ordinal)
      repeats.unshift(first)
    } else if (ordinal > (repeats.at(-1) ?? first)) {
      repeats.push(ordinal)
    } else {
      const before = repeats.findLastIndex((each) => each <= ordinal)
      if ((repeats[before] ?? first) === ordinal) return
      repeats.splice(before + 1, 0, ordinal)
    }
    this.#repeats.set(keyOf(sentence), repeats)
  }

  remove(sentence: Name, ordinal: number): void {
    const repeats = this.#repeats.get(keyOf(sentence)) ?? []
    if (this.first(sentence) === ordinal) {
      this.#set(sentence, repeats.shift() ?? removed)
    } else {
      const place = repeats.indexOf(ordinal)
      if (place !== -1) repeats.splice(place, 1)
    }
    if (repeats.length === 0) this.#repeats.delete(keyOf(sentence))
  }

  #set({ high, low }: Name, first: number): void {
    if ((this.#used + 1) * 5 > this.#ordinals.length * 3) this.#rehash()
    const place = this.#placeOf({ high, low })
    if (this.#ordinals[place] === empty) this.#used += 1
    this.#high[place] = first === removed ? 0 : high
    this.#low[place] = first === removed ? 0 : low
    this.#ordinals[place] = first
  }

  /** The place that a sentence has, or would take. */
  #placeOf({ high, low }: Name): number {
    const mask = this.#ordinals.length - 1
    let free = -1
    for (let place = low & mask; ; place = (place + 1) & mask) {
      const ordinal = this.#ordinals[place] ?? empty
      if (ordinal >= 0 && this.#low[place] === low && this.#high[place] === high) return place
      if (ordinal < 0 && free === -1) free = place
      if (ordinal === empty) return free
    }
  }

  /** Into as many places as leave half of them free, those of removed items among them. */
  #rehash(): void {
    const [highs, lows, ordinals] = [this.#high, this.#low, this.#ordinals]
    const held = ordinals.reduce((count, ordinal) => (ordinal >= 0 ? count + 1 : count), 0)
    let places = leastPlaces
    while (places < held * 2 + 2) places *= 2
    this.#high = new Int32Array(places)
    this.#low = new Int32Array(places)
    this.#ordinals = new Int32Array(places).fill(empty)
    this.#used = 0
    for (const [i, ordinal] of ordinals.entries()) {
      if (ordinal >= 0) this.#set({ high: highs[i] ?? 0, low: lows[i] ?? 0 }, ordinal)
    }
  }
}

const keyOf = ({ high, low }: Name) => `${high} ${low}`
