/**
 * Cuts JSON documents into records while they stream, without parsing them.
 *
 *     [ {…}, {…} ]                    the elements: messages, or conversations
 *     { "id": …, "messages": [ … ] }  the messages; other fields are dropped
 *     {…} {…}                         other objects, pretty-printed one after the other: each one
 *
 * Only brackets, strings and commas are tracked. What is not JSON is still cut somewhere, and the reader reports it; a
 * document that breaks off yields its last, incomplete element. An element beyond `maxLineChars` becomes `OVERLONG_LINE`.
 */

import { OVERLONG_LINE } from './limits.ts'
import type { SourceRecord, Splitter } from './lines.ts'

/** Longest key worth remembering: `messages`, and one more to tell it from a longer one. */
const KEY_CHARS = 'messages'.length + 1

/**
 * Cut JSON documents into their elements; the n-th element has line n.
 *
 * @param maxLineChars upper bound for an element, in UTF-16 units
 */
export function splitDocument(maxLineChars: number): Splitter {
  let line = 1
  let depth = 0
  /** Depth at which elements stand: 0 top level, 1 in an array, 2 in the messages of an object. */
  let listDepth = 0
  /** False inside an object whose messages were emitted: nothing begins there until it is closed. */
  let collecting = false
  let inString = false
  let escaped = false
  let key = ''
  let element = ''
  let overlong = false
  let records: SourceRecord[] = []

  const keep = (text: string): void => {
    if (!overlong && element.length + text.length > maxLineChars) {
      overlong = true
      element = ''
    }
    if (!overlong) element += text
  }
  const drop = (): void => {
    collecting = false
    element = ''
    overlong = false
  }
  const emit = (): void => {
    // A tab is white space between tokens, and as invalid as a line break inside a string.
    const text = overlong ? OVERLONG_LINE : element.replaceAll('\n', '\t')
    if (text.trim() !== '') records.push({ line: line++, text })
    drop()
  }

  /** Returns where the element that is being collected continues in `text`. */
  const step = (char: string, index: number, from: number, text: string): number => {
    const atElement = depth === listDepth
    const begins = !collecting && atElement
    if (char === '{' || char === '[') {
      if (begins && listDepth === 0 && char === '[') {
        depth = 1
        listDepth = 1
        return from
      }
      if (char === '[' && key === 'messages' && depth === 1 && listDepth === 0) {
        drop()
        depth = 2
        listDepth = 2
        return from
      }
      depth++
    } else if (char === '}' || char === ']') {
      if (atElement && depth > 0) {
        if (collecting) keep(text.slice(from, index))
        if (collecting) emit()
        depth--
        listDepth = 0
        return from
      }
      depth = Math.max(0, depth - 1)
      if (collecting && depth === listDepth) {
        keep(text.slice(from, index + 1))
        emit()
      }
      return from
    } else if (char === ',' || char === '\n') {
      const ends = char === ',' ? depth > 0 : depth === 0
      if (collecting && atElement && ends) {
        keep(text.slice(from, index))
        emit()
      }
      return from
    } else if (char === '"') {
      inString = true
      key = ''
    } else if (char.trim() === '') {
      return from
    }
    if (!begins) return from
    collecting = true
    return index
  }

  return {
    push(text) {
      let from = 0
      for (let index = 0; index < text.length; index++) {
        const char = text.charAt(index)
        if (!inString) {
          from = step(char, index, from, text)
        } else if (escaped) {
          escaped = false
        } else if (char === '\\') {
          escaped = true
        } else if (char === '"') {
          inString = false
        } else if (depth === 1 && listDepth === 0 && key.length < KEY_CHARS) {
          key += char
        }
      }
      if (collecting) keep(text.slice(from))
      const done = records
      records = []
      return done
    },
    end() {
      if (collecting) emit()
      const done = records
      records = []
      return done
    },
  }
}
