/**
 * Read a JSON object that means the same to every reader: valid UTF-8, no member named twice, no nesting without end.
 *
 * JSON.parse keeps the last of two members with one name; other parsers keep the first. What two of them judge
 * differently could pass one check and be used by another.
 */
import { assertStorable } from '../domain/text.ts'

/** @throws Error saying what is wrong */
export function readJsonObject(source: string | Uint8Array): Record<string, unknown> {
  const text = typeof source === 'string' ? source : utf8.decode(source)
  const value: unknown = JSON.parse(text)
  if (!isObject(value)) throw new Error('not a JSON object')
  assertStorable(value)
  if (membersIn(text) !== membersOf(value)) throw new Error('a member is named twice')
  return value
}

// The mark stays and is refused by JSON.parse: with it, the same object would have two spellings.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** In valid JSON a string before a colon is a member's name, and nothing else is. */
function membersIn(text: string): number {
  let members = 0
  for (const [, colon] of text.matchAll(/"(?:[^"\\]|\\.)*"\s*(:)?/g)) if (colon !== undefined) members += 1
  return members
}

/** Recursion is safe: the depth was checked before. */
function membersOf(value: unknown): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, inner) => sum + membersOf(inner), 0)
  if (!isObject(value)) return 0
  return Object.values(value).reduce<number>((sum, inner) => sum + 1 + membersOf(inner), 0)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
