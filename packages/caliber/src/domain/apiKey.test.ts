import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readKey, writeKey } from './apiKey.ts'

const parts = {
  tenantId: '01890a5d-ac96-774b-bcce-b302099a8057',
  keyId: '01890a5d-ac96-774b-bcce-b302099a8058',
  secret: 'A'.repeat(43),
}

test('a key reads back as it was written', () => {
  expect(readKey(writeKey(parts))).toEqual(parts)
})

test('a key with any one character changed is no key', () => {
  const key = writeKey(parts)
  fc.assert(
    fc.property(fc.nat(key.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, character) => {
      const changed = key.slice(0, at) + character + key.slice(at + 1)
      expect(readKey(changed)).toEqual(changed === key ? parts : undefined)
    }),
  )
})

test('anything else is no key', () => {
  fc.assert(fc.property(fc.string(), (text) => readKey(text) === undefined))
})
