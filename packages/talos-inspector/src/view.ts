/**
 * Where the person is and what a key does there: a pure function from key to view and command.
 *
 * Places stack up: enter goes deeper, backspace comes back to the same line. In every place the line
 * under the cursor names the node that keys act on.
 */
import type { Row, Snapshot } from './snapshot.ts'

export type Place =
  | { readonly kind: 'list'; readonly filter: string; readonly cursor: number }
  | { readonly kind: 'node' | 'tree' | 'flow'; readonly id: string; readonly cursor: number }

export type Prompt =
  | { readonly kind: 'filter'; readonly text: string; readonly at: number }
  | { readonly kind: 'set'; readonly id: string; readonly text: string; readonly at: number }

export interface View {
  readonly places: readonly [Place, ...Place[]]
  readonly prompt: Prompt | undefined
  readonly help: boolean
  readonly message: { readonly text: string; readonly tone: 'quiet' | 'error' } | undefined
}

export type Command =
  | { readonly kind: 'quit' | 'refresh' | 'errors' }
  | { readonly kind: 'retry'; readonly id: string }
  | { readonly kind: 'set'; readonly id: string; readonly value: unknown }

/** One line that can be chosen. */
export interface Line extends Row {
  /** What stands before the name: how deep, or in which direction. */
  readonly lead: string
}

export interface Pressed {
  readonly view: View
  readonly command?: Command
}

export const START: View = {
  places: [{ kind: 'list', filter: '', cursor: 0 }],
  prompt: undefined,
  help: false,
  message: undefined,
}

export function placeOf(view: View): Place {
  return view.places.at(-1) ?? view.places[0]
}

export function linesOf(place: Place, snapshot: Snapshot): Line[] {
  const line = (id: string, lead: string): Line => ({ ...snapshot.row(id), lead })
  switch (place.kind) {
    case 'list':
      return filtered(snapshot.rows, place.filter).map((row) => ({ ...row, lead: '' }))
    case 'node': {
      const { dependencies, consumers } = snapshot.neighbours(place.id)
      return [line(place.id, ''), ...dependencies.map((id) => line(id, '← ')), ...consumers.map((id) => line(id, '→ '))]
    }
    default:
      return snapshot
        .branches(place.id, place.kind === 'tree' ? 'dependencies' : 'consumers')
        .map(({ id, depth, repeated }) => line(id, `${'  '.repeat(Math.min(depth, 20))}${repeated ? '↑ ' : ''}`))
  }
}

/** @param lines of the place shown; @param page how many of them the screen holds */
export function press(view: View, key: string, lines: readonly Line[], page: number): Pressed {
  if (view.help) return key === 'q' ? { view, command: { kind: 'quit' } } : { view: { ...view, help: false } }
  if (view.prompt !== undefined) return type({ ...view, message: undefined }, view.prompt, key)
  return move({ ...view, message: undefined }, key, lines, page)
}

function move(view: View, key: string, lines: readonly Line[], page: number): Pressed {
  const place = placeOf(view)
  const cursor = Math.max(0, Math.min(place.cursor, lines.length - 1))
  const chosen = lines[cursor]
  const to = (target: number): Pressed => ({
    view: replace(view, { ...place, cursor: Math.max(0, Math.min(target, lines.length - 1)) }),
  })
  switch (key) {
    case 'up':
    case 'k':
      return to(cursor - 1)
    case 'down':
    case 'j':
      return to(cursor + 1)
    case 'pageup':
      return to(cursor - page)
    case 'pagedown':
      return to(cursor + page)
    case 'home':
    case 'g':
      return to(0)
    case 'end':
    case 'G':
      return to(lines.length - 1)
    case 'backspace':
    case 'escape':
    case 'left':
    case 'h':
      return { view: back(view) }
    case 'enter':
    case 'right':
    case 'l':
      return { view: chosen === undefined ? view : deeper(view, 'node', chosen.id) }
    case 't':
      return { view: chosen === undefined ? view : deeper(view, 'tree', chosen.id) }
    case 'f':
      return { view: chosen === undefined ? view : deeper(view, 'flow', chosen.id) }
    case '/':
      return { view: startFilter(view) }
    case 's':
      return { view: chosen === undefined ? view : startSet(view, chosen) }
    case 'c':
      return chosen === undefined ? { view } : { view, command: { kind: 'retry', id: chosen.id } }
    case 'e':
      return { view, command: { kind: 'errors' } }
    case 'r':
      return { view, command: { kind: 'refresh' } }
    case '?':
      return { view: { ...view, help: true } }
    case 'q':
      return { view, command: { kind: 'quit' } }
    default:
      return { view }
  }
}

function type(view: View, prompt: Prompt, key: string): Pressed {
  const { text, at } = prompt
  const edited = (next: string, position: number): Pressed => ({
    view: follow({ ...view, prompt: { ...prompt, text: next, at: position } }),
  })
  switch (key) {
    case 'enter':
      return prompt.kind === 'set' ? submit(view, prompt) : { view: { ...view, prompt: undefined } }
    case 'escape':
      return { view: { ...follow({ ...view, prompt: { ...prompt, text: '' } }), prompt: undefined } }
    case 'backspace':
      return at === 0 ? { view } : edited(text.slice(0, at - 1) + text.slice(at), at - 1)
    case 'clear':
      return edited('', 0)
    case 'left':
      return edited(text, Math.max(0, at - 1))
    case 'right':
      return edited(text, Math.min(text.length, at + 1))
    case 'home':
      return edited(text, 0)
    case 'end':
      return edited(text, text.length)
    default:
      // Names of keys are longer than what one key types.
      return [...key].length === 1 ? edited(text.slice(0, at) + key + text.slice(at), at + key.length) : { view }
  }
}

/** A filter works while it is typed. */
function follow(view: View): View {
  const place = placeOf(view)
  if (view.prompt?.kind !== 'filter' || place.kind !== 'list') return view
  return replace(view, { ...place, filter: view.prompt.text, cursor: 0 })
}

function submit(view: View, prompt: Prompt & { kind: 'set' }): Pressed {
  try {
    const value: unknown = JSON.parse(prompt.text)
    return { view: { ...view, prompt: undefined }, command: { kind: 'set', id: prompt.id, value } }
  } catch {
    return { view: { ...view, message: { text: 'That is not JSON: text needs "quotes".', tone: 'error' } } }
  }
}

function startFilter(view: View): View {
  const [first] = view.places
  if (first.kind !== 'list') return view
  return { ...view, places: [first], prompt: { kind: 'filter', text: first.filter, at: first.filter.length } }
}

function startSet(view: View, { id, kind, value }: Line): View {
  if (kind !== 'input')
    return { ...view, message: { text: `${id} cannot be set; only stored inputs can.`, tone: 'error' } }
  // A value with tags would come back as plain JSON, so it is not offered for editing.
  const text = value.includes('"$talos"') || value === '(secret)' ? '' : value
  return { ...view, prompt: { kind: 'set', id, text, at: text.length } }
}

function deeper(view: View, kind: 'node' | 'tree' | 'flow', id: string): View {
  const place = placeOf(view)
  if (place.kind === kind && place.id === id) return view
  return { ...view, places: [...view.places, { kind, id, cursor: 0 }] }
}

function back(view: View): View {
  const [first, ...rest] = view.places
  if (rest.length > 0) return { ...view, places: [first, ...rest.slice(0, -1)] }
  return first.kind === 'list' && first.filter !== '' ? replace(view, { ...first, filter: '', cursor: 0 }) : view
}

function replace(view: View, place: Place): View {
  const [first, ...rest] = view.places
  return { ...view, places: rest.length === 0 ? [place] : [first, ...rest.slice(0, -1), place] }
}

/** Every word must be in the name; `is:stale` and the like choose by status or kind. */
function filtered(rows: readonly Row[], filter: string): readonly Row[] {
  const words = filter.toLowerCase().split(' ').filter(Boolean)
  if (words.length === 0) return rows
  return rows.filter(({ id, status, kind }) =>
    words.every((word) =>
      word.startsWith('is:') ? [status, kind].includes(word.slice(3) as never) : id.toLowerCase().includes(word),
    ),
  )
}
