/**
 * Which sentences of a turn are echoes: an earlier item of the same region says them word for word. What an agent recalls, it
 * writes down again: in the prompt that it was put into, the result of a tool, an answer. That is no new memory, so a turn is
 * found, embedded and summarised by its own words alone.
 *
 * Invariant: what is an echo is a function of the items that are held and their order, and of nothing else. When the original
 * goes, its echo stands for itself.
 */
import type { RegionId } from '../../domain/ids.ts'
import type { ItemKind } from '../../domain/itemKind.ts'
import { hasWords, type Sentence, sentencesOf } from './sentences.ts'
import { SentenceTable } from './sentenceTable.ts'

/** Words from which on a sentence counts as one: below it people say the same without knowing, save where they note a fact. */
export const leastWords = 5

/** What is compared. Items come before others by their ordinals. */
export interface Utterance {
  readonly kind: ItemKind
  readonly ordinal: number
  readonly regionId: RegionId
  readonly text: string
}

/** Where something is cut out of a line. */
const gap = ' … '

export class Echoes {
  readonly #said = new SentenceTable()
  /** The short ones of notes. */
  readonly #noted = new SentenceTable()

  /** Estimated octets held. */
  get bytes(): number {
    return this.#said.bytes + this.#noted.bytes
  }

  /** Hold what an item says. @returns its own text, as {@link ownTextOf} */
  add(item: Utterance): string {
    const sentences = sentencesIn(item)
    for (const sentence of sentences) {
      this.#said.add(sentence, item.ordinal)
      if (isNoted(item, sentence)) this.#noted.add(sentence, item.ordinal)
    }
    return this.#withoutEchoes(item, sentences)
  }

  /** Let go of an item. @returns the items that it swayed, as {@link swayedBy} */
  remove(item: Utterance): ReadonlySet<number> {
    const sentences = sentencesIn(item)
    const swayed = this.#swayedBy(item, sentences)
    for (const sentence of sentences) {
      this.#said.remove(sentence, item.ordinal)
      if (isNoted(item, sentence)) this.#noted.remove(sentence, item.ordinal)
    }
    return swayed
  }

  /** The items after an item that echo something else with it than they would without. */
  swayedBy(item: Utterance): ReadonlySet<number> {
    return this.#swayedBy(item, sentencesIn(item))
  }

  #swayedBy(item: Utterance, sentences: readonly Sentence[]): ReadonlySet<number> {
    const swayed = new Set<number>()
    for (const sentence of sentences) {
      const table = this.#tableOf(sentence)
      if (table.first(sentence) !== item.ordinal) continue
      // Where it is the first to say so, the second would be; whoever comes after that one echoes either.
      const second = table.repeats(sentence)[0] ?? Number.POSITIVE_INFINITY
      for (const ordinal of this.#said.repeats(sentence)) {
        if (ordinal > second) break
        if (ordinal > item.ordinal) swayed.add(ordinal)
      }
    }
    return swayed
  }

  /**
   * What an item says that no item before it says: its text, where that is all of it; empty, where that is no word. Of a line
   * with an echo it is the other sentences.
   */
  ownTextOf(item: Utterance): string {
    return this.#withoutEchoes(item, sentencesIn(item))
  }

  #withoutEchoes({ ordinal, text }: Utterance, sentences: readonly Sentence[]): string {
    const echoes = new Set(sentences.filter((each) => (this.#tableOf(each).first(each) ?? ordinal) < ordinal))
    if (echoes.size === 0) return text
    const kept: string[] = []
    let done = 0
    for (let lineStart = 0; lineStart <= text.length; ) {
      const newline = text.indexOf('\n', lineStart)
      const lineEnd = newline === -1 ? text.length : newline
      const first = done
      while ((sentences[done]?.start ?? lineEnd) < lineEnd) done += 1
      const inLine = sentences.slice(first, done)
      // What is shorter than a sentence belongs to the echo beside it: a date, a name, a "Noted:".
      const own = inLine.filter((sentence) => sentence.words >= leastWords && !echoes.has(sentence))
      if (!inLine.some((sentence) => echoes.has(sentence))) kept.push(text.slice(lineStart, lineEnd))
      else if (own.length > 0) kept.push(own.map(({ start, end }) => text.slice(start, end)).join(gap))
      lineStart = lineEnd + 1
    }
    return kept.some(hasWords) ? kept.join('\n') : ''
  }

  #tableOf({ words }: Sentence): SentenceTable {
    return words < leastWords ? this.#noted : this.#said
  }
}

function isNoted({ kind }: Utterance, { words }: Sentence): boolean {
  return kind === 'note' && words < leastWords
}

/** Regions are kept apart by what their sentences are hashed with. */
function sentencesIn({ regionId, text }: Utterance): readonly Sentence[] {
  return sentencesOf(text, Number.parseInt(regionId.slice(-8), 16) | 0)
}
