import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { type Algorithm, algorithmNames } from './algorithms.ts'
import { readKeySet } from './keySet.ts'
import { testKey } from './testing/issuer.ts'

const ec = testKey('ES256', 'ec').jwk
const rsa = testKey('RS256', 'rsa').jwk
const ed = testKey('EdDSA', 'ed').jwk
const { alg: _, ...rsaForAny } = rsa
const { alg: __, ...ecForAny } = ec

test('each key has one algorithm: its own, or the only allowed one that its type fits', () => {
  expect(algorithmsOf([ec, rsa, ed], algorithmNames)).toEqual({ ec: 'ES256', rsa: 'RS256', ed: 'EdDSA' })
  expect(algorithmsOf([ecForAny, rsaForAny], ['ES256', 'ES384', 'PS256'])).toEqual({ ec: 'ES256', rsa: 'PS256' })
})

test.each<[string, Readonly<Record<string, unknown>>, readonly Algorithm[]]>([
  ['of which the algorithm is open', rsaForAny, ['RS256', 'PS256']],
  ['for an algorithm that is not allowed', rsa, ['ES256', 'PS256']],
  ['that says the algorithm of another type', { ...ec, alg: 'RS256' }, algorithmNames],
  ['that says a shared-secret algorithm', { ...rsa, alg: 'HS256' }, algorithmNames],
  ['that says an algorithm from the prototype', { ...rsa, alg: 'constructor' }, algorithmNames],
  ['on another curve than its algorithm', { ...ec, alg: 'ES384' }, algorithmNames],
  ['of an unknown type', { ...ec, kty: 'XYZ' }, algorithmNames],
  ['for encryption', { ...ec, use: 'enc' }, algorithmNames],
  ['for signing, not for verifying', { ...ec, key_ops: ['sign'] }, algorithmNames],
  ['without an id', { ...ec, kid: undefined }, algorithmNames],
  ['that is no point on its curve', { ...ec, y: ec['x'] }, algorithmNames],
  ['of 1024 bits', jwkOf(generateKeyPairSync('rsa', { modulusLength: 1024 })), algorithmNames],
  [
    'with the exponent 3',
    jwkOf(generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 })),
    algorithmNames,
  ],
])('a key %s is passed over', (_name, jwk, allowed) => {
  const other = testKey('ES256', 'other').jwk
  expect(algorithmsOf([clean(jwk), other], [...new Set<Algorithm>([...allowed, 'ES256'])])).toEqual({ other: 'ES256' })
})

test.each([
  ['two keys under one id', { keys: [ec, { ...ed, kid: 'ec' }] }, 'Two keys have one id'],
  ['a private key', { keys: [ec, { ...ed, d: 'AAAA' }] }, 'private or shared'],
  ['a shared key', { keys: [ec, { kty: 'oct', kid: 'x', k: 'AAAA', alg: 'HS256' }] }, 'private or shared'],
  [
    'a shared key for something else',
    { keys: [ec, { kty: 'oct', kid: 'x', k: 'AAAA', use: 'enc' }] },
    'private or shared',
  ],
  ['no usable key', { keys: [{ ...ec, use: 'enc' }] }, 'No key in it'],
  ['no key', { keys: [] }, 'No key in it'],
  ['no list', { keys: {} }, 'cannot be used'],
  ['nothing', null, 'cannot be used'],
  ['too many keys', { keys: Array.from({ length: 101 }, () => ec) }, 'cannot be used'],
])('a set with %s is refused whole', (_name, jwks, message) => {
  expect(() => readKeySet(jwks, algorithmNames)).toThrow(message)
})

function algorithmsOf(keys: readonly object[], allowed: readonly Algorithm[]): Record<string, string> {
  return Object.fromEntries([...readKeySet({ keys }, allowed)].map(([kid, { algorithm }]) => [kid, algorithm]))
}

function jwkOf({ publicKey }: ReturnType<typeof generateKeyPairSync>): Readonly<Record<string, unknown>> {
  return { ...publicKey.export({ format: 'jwk' }), kid: 'weak', alg: 'RS256' }
}

/** As JSON has it: without what is undefined. */
function clean(jwk: object): object {
  return JSON.parse(JSON.stringify(jwk))
}
