/** Names of the keys in one piece of input: fast typing and pasting bring several at once. */
import type { Key } from 'ink'

export function keysOf(input: string, key: Key): string[] {
  for (const [name, held] of SPECIAL) if (key[held]) return [name]
  if (key.ctrl) return input === 'u' ? ['clear'] : input === 'n' ? ['down'] : input === 'p' ? ['up'] : []
  if (key.meta) return []
  return [...input].flatMap((character) => {
    if (character === '\r' || character === '\n') return ['enter']
    return character < ' ' || character === '\u007f' ? [] : [character]
  })
}

// Most terminals send for backspace what ink calls delete.
const SPECIAL: readonly (readonly [name: string, held: keyof Key])[] = [
  ['up', 'upArrow'],
  ['down', 'downArrow'],
  ['left', 'leftArrow'],
  ['right', 'rightArrow'],
  ['pageup', 'pageUp'],
  ['pagedown', 'pageDown'],
  ['home', 'home'],
  ['end', 'end'],
  ['enter', 'return'],
  ['escape', 'escape'],
  ['backspace', 'backspace'],
  ['backspace', 'delete'],
]
