/**
 * What each turn says that no turn before it says, found naively: sentences of five words or more, between stops, word for word.
 */
import type { SaidTurn } from './dialogue.ts'

const leastWords = 5

interface Line {
  readonly text: string
  readonly sentences: readonly { readonly text: string; readonly words: string }[]
}

const split = new WeakMap<SaidTurn, readonly Line[]>()

/** @param log live turns in the order they were said */
export function ownContents(log: readonly SaidTurn[]): ReadonlyMap<SaidTurn, string> {
  const said = new Set<string>()
  const own = new Map<SaidTurn, string>()
  for (const turn of log) {
    const lines = linesOf(turn).flatMap(({ text, sentences }) => {
      const own = sentences.filter(({ words }) => !said.has(words))
      if (own.length === sentences.length) return [text]
      return own.length === 0 ? [] : [own.map((sentence) => sentence.text).join(' … ')]
    })
    for (const { sentences } of linesOf(turn)) for (const { words } of sentences) said.add(words)
    own.set(turn, lines.some((line) => /[\p{L}\p{N}]/u.test(line)) ? lines.join('\n') : '')
  }
  return own
}

function linesOf(turn: SaidTurn): readonly Line[] {
  const known = split.get(turn)
  if (known) return known
  const lines = turn.content.split('\n').map((text) => {
    const parts = text.split(/[.!?:;\r"“”«»()[\]{}<>*|#`…]/)
    const sentences = parts.map((part) => ({
      text: part.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, ''),
      words: (part.match(/[\p{L}\p{N}\p{M}]+/gu) ?? []).join(' ').toLowerCase(),
    }))
    return { text, sentences: sentences.filter(({ words }) => words.split(' ').length >= leastWords) }
  })
  split.set(turn, lines)
  return lines
}
