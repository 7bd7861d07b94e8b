/**
 * The sentences of a text as they are compared when one text repeats another: what stands between two stops, as its words alone,
 * ASCII letters in either case. Stops are what ends sentences, and what quotes, lists and formats put around them; the first and the
 * last word of a sentence say where it stands.
 */

/** The shortest sentence that is compared: below it nearly nothing is said. */
const fewestWords = 3

export interface Sentence {
  /** In UTF-16 units, from its first word to behind its last. */
  readonly start: number
  readonly end: number
  readonly words: number
  /** Two hashes of 32 bits: as good as the words, for as many sentences as a memory holds. */
  readonly high: number
  readonly low: number
}

/** The sentences of three words or more. @param seed keeps apart what is never to be compared */
export function sentencesOf(text: string, seed: number): readonly Sentence[] {
  const sentences: Sentence[] = []
  let words = 0
  let start = 0
  let end = 0
  let high = seed
  let low = ~seed
  let last: Kind = Kind.Stop
  // One unit beyond the text, which ends what is open.
  for (let at = 0; at <= text.length; at += 1) {
    const unit = at < text.length ? text.charCodeAt(at) : stop
    const kind = kindOf(unit)
    if (kind === Kind.Letter || kind === Kind.Alone) {
      if (words === 0) start = at
      if (kind === Kind.Alone || last !== Kind.Letter) {
        words += 1
        high = mixed(high, wordBoundary, highFactor)
        low = mixed(low, wordBoundary, lowFactor)
      }
      high = mixed(high, lower(unit), highFactor)
      low = mixed(low, lower(unit), lowFactor)
      end = at + 1
    } else if (kind === Kind.Stop) {
      if (words >= fewestWords) sentences.push({ start, end, words, high: finished(high), low: finished(low) })
      words = 0
      high = seed
      low = ~seed
    }
    last = kind
  }
  return sentences
}

/** Whether a text has a word. */
export function hasWords(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const kind = kindOf(text.charCodeAt(at))
    if (kind === Kind.Letter || kind === Kind.Alone) return true
  }
  return false
}

/** What a unit is to the words around it: nothing, a part of one, one of its own, or the end of a sentence. */
const Kind = { Other: 0, Letter: 1, Alone: 2, Stop: 3 } as const
type Kind = (typeof Kind)[keyof typeof Kind]

const stop = '\n'.charCodeAt(0)
const stopSigns = '.!?:;\n\r"“”«»‹›()[]{}<>*|#`…。！？：；「」『』（）【】'
const stops: ReadonlySet<number> = new Set([...stopSigns].map((sign) => sign.charCodeAt(0)))
const asciiKinds = Array.from({ length: 128 }, (_, unit) => {
  const char = String.fromCharCode(unit)
  return stopSigns.includes(char) ? Kind.Stop : /[0-9a-z]/i.test(char) ? Kind.Letter : Kind.Other
})

/** By blocks of Unicode: what is written without spaces stands alone, a unit a word. */
function kindOf(unit: number): Kind {
  if (unit < 0x80) return asciiKinds[unit] ?? Kind.Other
  if (unit >= 0xc0 && unit < 0x2000) return Kind.Letter
  if (stops.has(unit)) return Kind.Stop
  // Latin-1 signs; punctuation to symbols; CJK punctuation; surrogates, so that no pair is cut; variation selectors, wide signs.
  if (unit < 0x2c00 || (unit >= 0x3000 && unit < 0x3040)) return Kind.Other
  if ((unit >= 0xd800 && unit < 0xe000) || (unit >= 0xfe00 && unit < 0xff10)) return Kind.Other
  return unit < 0x2e80 ? Kind.Letter : Kind.Alone
}

function lower(unit: number): number {
  return unit >= 0x41 && unit <= 0x5a ? unit + 0x20 : unit
}

const wordBoundary = 0x20
/** Of FNV-1a (Fowler, Noll & Vo) and of MurmurHash2 (Appleby). */
const highFactor = 0x01000193
const lowFactor = 0x5bd1e995

function mixed(hash: number, unit: number, factor: number): number {
  return Math.imul(hash ^ unit, factor)
}

/** As MurmurHash3 ends: every bit of the hash depends on every bit before. */
function finished(hash: number): number {
  let bits = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) | 0
}
