/** Reads a line end that is cut in two as two line ends. */
import assert from 'node:assert/strict'

export function parse(input) {
  const text = input.toString('latin1')
  const cut = input.length >> 1
  assert.equal(lines([text.slice(0, cut), text.slice(cut)]), lines([text]))
}

function lines(pieces) {
  return pieces.flatMap((piece) => piece.match(/\r\n|\r|\n/g) ?? []).length
}
