/** Fails behind five nested conditions: blind luck needs 2^40 inputs, a fuzzer that sees branches a few thousand. */
export function parse(input) {
  const at = input.indexOf('{')
  if (at === -1) return
  if (input[at + 1] !== 0x23) return
  if (input[at + 2] !== 0x5b) return
  if (input[at + 3] !== 0x40) return
  if (input[at + 4] !== 0x7d) return
  throw new TypeError('reached the seeded crash')
}
