import type { MemorySearchOutput } from '@caliber/client'
import { minute } from './print.ts'
import type { Terminal } from './terminal.ts'
import { cutTo, oneLine, widthOf } from './visible.ts'

const shownChars = 300

/** What a search found, best first: a line about each item, then the beginning of its text. */
export function printedHits({ items, eventSeq }: MemorySearchOutput, terminal: Terminal): string {
  if (items.length === 0) return `${terminal.style('dim', `nothing found (event ${eventSeq})`)}\n`
  return items
    .map(({ id, kind, origin, at, text, tokenCount, score }, i) => {
      const about = `${minute(at)}  ${kind} ${oneLine(origin)}  ${tokenCount} tokens  ${id}`
      const head = `${String(i + 1).padStart(2)}. ${score.toFixed(2).padStart(6)}  ${terminal.style('dim', about)}`
      const lines = wrap(oneLine(text.slice(0, shownChars * 4)), terminal.width - 4, 2)
      return [head, ...lines.map((line) => `    ${line}`)].map((line) => `${line}\n`).join('')
    })
    .join('')
}

/** At most `count` lines of at most `width` columns. */
function wrap(text: string, width: number, count: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  const words = text.split(' ')
  for (const [i, word] of words.entries()) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > width) {
      if (lines.length === count - 1)
        return [...lines, cutTo(`${line} ${words.slice(i).join(' ').slice(0, width)}`, width)]
      lines.push(line)
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, cutTo(line, width)]
}
