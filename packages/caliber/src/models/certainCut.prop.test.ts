import { createRequire } from 'node:module'
import * as fc from 'fast-check'
import type * as patterns from 'gpt-tokenizer/encodingParams/constants'
import { expect, test } from 'vitest'
import { isCertainCut } from './certainCut.ts'

const { O200K_TOKEN_SPLIT_REGEX: pattern } = createRequire(import.meta.url)(
  'gpt-tokenizer/encodingParams/constants',
) as typeof patterns

test('pieces before and after a certain cut are the pieces of the whole text', () => {
  const atom = fc.oneof(
    fc.string({ minLength: 1, maxLength: 1 }),
    fc.constantFrom(
      ' ',
      '\t',
      '\n',
      '\r',
      "'s",
      "'",
      '/',
      '-',
      'a',
      'B',
      '1',
      '\u0301',
      '中',
      '\u00a0',
      '\ufeff',
      '😀',
    ),
  )
  let cuts = 0
  fc.assert(
    fc.property(fc.array(atom, { maxLength: 24 }), (atoms) => {
      const text = atoms.join('')
      for (let at = 1; at < text.length; at++) {
        if (!isCertainCut(text, at)) continue
        cuts++
        expect([...pieces(text.slice(0, at)), ...pieces(text.slice(at))]).toEqual(pieces(text))
      }
    }),
    { numRuns: 5000 },
  )
  expect(cuts).toBeGreaterThan(5000)
})

test('every pair of ASCII characters in every small surrounding is cut rightly', () => {
  const around = ['', ' ', '\n', 'a', '!', "'", '\u0301']
  for (let code = 0; code < 128 * 128; code++) {
    const pair = String.fromCharCode(code >> 7, code & 127)
    if (!isCertainCut(pair, 1)) continue
    for (const before of around) {
      for (const after of around) {
        const [left, right] = [before + pair.charAt(0), pair.charAt(1) + after]
        const cut = [...pieces(left), ...pieces(right)].join('\0')
        if (cut !== pieces(left + right).join('\0')) throw new Error(JSON.stringify([left, right]))
      }
    }
  }
})

function pieces(text: string): string[] {
  return text.match(pattern) ?? []
}
