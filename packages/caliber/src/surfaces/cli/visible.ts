/** Text of unknown origin, made fit for a terminal: it can neither steer the terminal nor break a column. */

// C0 without tab and newline, DEL, C1, and the marks that turn the writing direction.
// oxlint-disable-next-line no-control-regex -- these are the characters to take out
const unsafe = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** Replace what would steer a terminal; lines stay lines. */
export function visible(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(unsafe, '\ufffd')
}

/** Put text on one line. */
export function oneLine(text: string): string {
  return visible(text.replaceAll(/\s+/g, ' ').trim())
}

const zeroWidth = /^[\p{Mn}\p{Me}\p{Cf}]$/u
// The blocks of East Asian wide characters and of pictographs; an estimate is enough for columns.
const wide = /^[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{1faff}]$/u

/** How many columns a line takes. */
export function widthOf(line: string): number {
  let width = 0
  for (const character of line) width += widthOfCharacter(character)
  return width
}

/** Shorten a line to at most `width` columns, with an ellipsis where something is missing. */
export function cutTo(line: string, width: number): string {
  if (line.length <= width && widthOf(line) <= width) return line
  let kept = ''
  let left = width - 1
  for (const character of line) {
    left -= widthOfCharacter(character)
    if (left < 0) break
    kept += character
  }
  return `${kept}…`
}

function widthOfCharacter(character: string): number {
  if (character < '\u0300') return 1
  if (zeroWidth.test(character)) return 0
  return wide.test(character) ? 2 : 1
}
