/**
 * Made-up conversations of the shape that agents have: sessions of about fifty turns, turns of about thirty words, each
 * session with topics of its own that come up again and again.
 */
import { openRandom, type Random } from '../random.ts'
import type { Vocabulary } from './vocabulary.ts'

export interface Dialogue {
  readonly session: string
  readonly turns: readonly DialogueTurn[]
}

export interface DialogueTurn {
  readonly role: 'user' | 'assistant'
  readonly content: string
  readonly at: string
}

export const turnsPerSession = 50
const topicsPerSession = 30
/** Share of words that belong to the session's topics. */
const topicShare = 0.12
const secondsBetweenTurns = 40
const firstSessionMs = Date.parse('2026-01-05T08:00:00Z')

/** Dialogues without end; the same seed gives the same ones. */
export function* dialogues(vocabulary: Vocabulary, seed: number): Generator<Dialogue, never> {
  const random = openRandom(seed)
  for (let number = 0; ; number += 1) {
    const topics = Array.from({ length: topicsPerSession }, () => vocabulary.drawTelling(random))
    // An hour and a half between the beginnings of two sessions.
    const startMs = firstSessionMs + number * 90 * 60_000
    const turns = Array.from({ length: turnsPerSession }, (_, i) => ({
      role: i % 2 === 0 ? ('user' as const) : ('assistant' as const),
      content: passage(vocabulary, topics, random),
      at: new Date(startMs + i * secondsBetweenTurns * 1_000).toISOString(),
    }))
    yield { session: `session-${number}`, turns }
  }
}

/** A question that one of a dialogue's turns answers: a few of its telling words; undefined where it has too few. */
export function questionAbout(dialogue: Dialogue, vocabulary: Vocabulary, random: Random): string | undefined {
  const turn = dialogue.turns[random.below(dialogue.turns.length)]
  const words = turn === undefined ? [] : [...new Set(turn.content.replaceAll(/[.,]/g, '').split(' '))]
  const [first, second, third] = words.filter((word) => vocabulary.isTelling(word))
  if (first === undefined || second === undefined || third === undefined) return undefined
  return `What did we say about ${first} ${second} and the ${third}?`
}

/** Lengths follow a log-normal law with a mean of thirty words, as those of chat messages roughly do. */
function passage(vocabulary: Vocabulary, topics: readonly string[], random: Random): string {
  const wordCount = Math.min(200, Math.max(3, Math.round(Math.exp(3.22 + 0.6 * random.normal()))))
  const words = Array.from({ length: wordCount }, (_, i) => {
    const topic = random.next() < topicShare ? topics[random.below(topics.length)] : undefined
    const word = topic ?? vocabulary.draw(random)
    if (i === wordCount - 1) return `${word}.`
    return random.next() < 0.08 ? `${word},` : word
  })
  return words.join(' ')
}
