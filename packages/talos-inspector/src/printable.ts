/**
 * Text of unknown origin made harmless: names and values in a store may hold sequences a terminal obeys,
 * or marks that show text in another order than it has.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
}

/** Controls, invisible marks of format and direction, and separators of lines. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu
