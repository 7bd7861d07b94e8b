import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isApiKey, readKey, writeKey } from './apiKey.ts'

const parts = {
  tenantId: '01890a5d-ac96-774b-bcce-b302099a8057',
  keyId: '01890a5d-ac96-774b-bcce-b302099a8058',
  secret: 'A'.repeat(43),
}

test('a key is written as it always was, because people keep keys', () => {
  const key =
    'cal_01890a5dac96774bbcceb302099a805701890a5dac96774bbcceb302099a8058_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA15982975'

  expect(writeKey(parts)).toBe(key)
  expect(key).toMatch(/^cal_[0-9a-f]{64}_[A-Za-z0-9_-]{43}[0-9a-f]{8}$/)
})

test('a key with anything before or after it is no key', () => {
  const key = writeKey(parts)
  for (const changed of [` ${key}`, `${key} `, `${key}\n`, `${key}0`, key.toUpperCase(), key.slice(0, -1), '']) {
    expect(readKey(changed)).toBeUndefined()
  }
})

test('a key is told from a token by its beginning, however broken it is', () => {
  expect([writeKey(parts), 'cal_', 'cal_x', 'eyJhbGciOiJFUzI1NiJ9.e30.', ''].map(isApiKey)).toEqual([
    true,
    true,
    true,
    false,
    false,
  ])
})

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
