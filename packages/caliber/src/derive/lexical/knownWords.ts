/**
 * The terms of words met lately: most words of a text were met before, and looking one up is cheaper than folding and
 * stemming it again.
 *
 * A table with one place for each of many words, the last one met staying: bounded by construction, without garbage,
 * and asked without cutting the word out of its text. It begins small and doubles, empty, when words displace each
 * other, so that a memory of a few turns holds a few of them.
 */

/** Of 100,000 made-up turns of 30,000 words (bench/src/skeleton/vocabulary.ts), 16,384 places miss 18 words in 100. */
const leastPlaces = 256
const mostPlaces = 16_384
/** V8 copies a slice of up to 12 units; a longer one would keep its whole text alive, and is seldom met again. */
const mostUnits = 12
/** Rough octets of a place: two references, and the list and the two strings that they lead to. */
const bytesPerPlace = 120

/** Remembers what words come to, for whoever cuts many texts. */
export class KnownWords {
  #words = Array.from<string | undefined>({ length: leastPlaces })
  #terms = Array.from<readonly string[] | undefined>({ length: leastPlaces })
  /** Words that took the place of another since the table last grew. */
  #displaced = 0

  /** Estimated bytes held. */
  get bytes(): number {
    return this.#words.length * bytesPerPlace
  }

  /** The terms of the word from `start` to `end` of a text: remembered, or what `find`, a pure function, says now. */
  termsOf(text: string, start: number, end: number, find: (word: string) => readonly string[]): readonly string[] {
    const length = end - start
    if (length > mostUnits) return find(text.slice(start, end))

    const place = hash(text, start, end) & (this.#words.length - 1)
    const known = this.#words[place]
    if (known !== undefined) {
      if (known.length === length && text.startsWith(known, start)) return this.#terms[place] ?? []
      this.#displaced += 1
    }
    const word = text.slice(start, end)
    const terms = find(word)
    this.#words[place] = word
    this.#terms[place] = terms
    if (this.#displaced > this.#words.length && this.#words.length < mostPlaces) this.#grow()
    return terms
  }

  #grow(): void {
    const length = this.#words.length * 2
    this.#words = Array.from({ length })
    this.#terms = Array.from({ length })
    this.#displaced = 0
  }
}

/** FNV-1a (Fowler, Noll & Vo) over UTF-16 units, its high bits folded into the low ones that choose the place. */
function hash(text: string, start: number, end: number): number {
  let bits = 0x811c9dc5
  for (let at = start; at < end; at += 1) bits = Math.imul(bits ^ text.charCodeAt(at), 0x01000193)
  return bits ^ (bits >>> 15)
}
