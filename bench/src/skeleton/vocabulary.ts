/**
 * Words by rank, drawn as people draw them: the word of rank r with a chance of about 1/r (Zipf), slightly less at the
 * top (Mandelbrot's offset of 2.7).
 *
 * Real function words and roots stand at the top and compounds of two roots below, so that stop words, stems and the
 * number of tokens per word (1.7 in the text drawn; 1.3 in plain English prose) are near those of real text.
 */
import { openRandom, type Random, shuffled } from '../random.ts'

export interface Vocabulary {
  /** By rank, the commonest first. */
  readonly words: readonly string[]
  /** A word of any rank, in the proportions of language. */
  draw(random: Random): string
  /** A word of the ranks that tell topics apart. */
  drawTelling(random: Random): string
  /** Whether a word says what a text is about: neither in every third turn nor nearly unique. */
  isTelling(word: string): boolean
}

const wordCount = 30_000
/** Ranks of words that a question would name; in 100,000 turns they occur in about 40 to 1,200 of them. */
const telling = { from: 250, to: 6_000 } as const
const mandelbrotOffset = 2.7

export function openVocabulary(seed: number): Vocabulary {
  const words = wordsByRank(openRandom(seed))
  const rankOf = new Map(words.map((word, rank) => [word, rank]))
  const weightUpTo = new Float64Array(words.length)
  let total = 0
  for (let rank = 0; rank < words.length; rank += 1) {
    total += 1 / (rank + 1 + mandelbrotOffset)
    weightUpTo[rank] = total
  }
  const wordAt = (rank: number): string => words[rank] ?? ''
  return {
    words,
    draw: (random) => wordAt(firstAtLeast(weightUpTo, random.next() * total)),
    drawTelling: (random) => wordAt(telling.from + random.below(telling.to - telling.from)),
    isTelling(word) {
      const rank = rankOf.get(word) ?? 0
      return rank >= telling.from && rank < telling.to
    },
  }
}

function wordsByRank(random: Random): readonly string[] {
  const compounds = roots.flatMap((first) => roots.flatMap((second) => (first === second ? [] : [first + second])))
  const words = [...new Set([...functionWords, ...roots, ...shuffled(compounds, random)])]
  return words.slice(0, wordCount)
}

/** Index of the first element that is at least `value`; the elements ascend. */
function firstAtLeast(ascending: Float64Array, value: number): number {
  let low = 0
  let high = ascending.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ascending[middle] ?? 0) < value) low = middle + 1
    else high = middle
  }
  return low
}

const functionWords = (
  'the to and of a I you it in that is for on we this be have with so do but not was as can if at are will what they ' +
  'or just my our from about would there then when how all your me should an now one no which more some by up out get ' +
  'has than also where who been had did only into them could their those here still after before again'
).split(' ')

const roots = (
  'air arm back bag ball band bank bar base bath beam bed bell belt bench bird block blood board boat body bolt bone ' +
  'book boot born box brain branch bread break bridge brush cab cable cake call camp candle cap car card care cart case ' +
  'cash cast cat chain chair chalk check city class clay clip clock cloth cloud club coal coat code coin cold cook cord ' +
  'core corn cost count court cover craft crew cross crown cup dance dark data date day deck desk dish dock dog door ' +
  'draft draw dress drift drill drive drop drum dust ear earth east edge egg end eye face fact fall farm feed fence ' +
  'field file film fire fish flag floor flow foil food foot fork form frame fruit fuel game gate gear gift glass goal ' +
  'gold grain graph grass grid guard guest hair hall hand head heart heat hill home hook horse host house ice ink iron ' +
  'job key kit lake lamp land lane leaf lens light line link list lock log loop mail map mark mask mill mind mint moon ' +
  'nail name neck nest net node note oil pack page paint pair pan park part path pen pin pipe plan plant plate play ' +
  'point pool port post pump race rail rain ring road rock roof room root rope sail salt sand scale school sea seat ' +
  'seed ship shop side sign silk sink skin sky smoke snow soap song space spring staff stage star state step stone ' +
  'store storm stream table tail task team test tide time tool tower town track trade train tree truck tube wall ' +
  'watch water wave way week wheel wind window wire wood word work yard'
).split(' ')
