/** fast-check prints the seed of a failure. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CaliberError } from '../domain/errors.ts'
import { configured, nowMs, signed, testKey } from './testing/issuer.ts'
import { createTokenVerifier } from './tokenVerifier.ts'

const keys = [testKey('ES256', 'es'), testKey('RS256', 'rs'), testKey('EdDSA', 'ed')] as const
const verify = createTokenVerifier(
  configured({ algorithms: ['ES256', 'RS256', 'EdDSA'], jwks: { keys: keys.map(({ jwk }) => jwk) } }),
  () => new Date(nowMs),
)

test('a valid token with any one bit flipped is refused', async () => {
  for (const key of keys) {
    const octets = Buffer.from(signed(key), 'latin1')
    await expect(verify(octets.toString('latin1'))).resolves.toBeDefined()
    for (let bit = 0; bit < octets.length * 8; bit += 1) {
      expect([key.algorithm, bit, await codeOf(flipped(octets, bit).toString('latin1'))]).toEqual([
        key.algorithm,
        bit,
        'unauthenticated',
      ])
    }
  }
})

test('a valid token with any one bit of a decoded part flipped is refused', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...keys), fc.nat(2), fc.nat(), async (key, part, at) => {
      const parts = signed(key).split('.')
      const octets = Buffer.from(parts[part] ?? '', 'base64url')
      parts[part] = flipped(octets, at % (octets.length * 8)).toString('base64url')
      expect(await codeOf(parts.join('.'))).toBe('unauthenticated')
    }),
    { numRuns: 500 },
  )
})

test('any text is refused but the token itself', async () => {
  const parts = signed(keys[0]).split('.')
  const part = fc.oneof(
    fc.constantFrom(...parts),
    fc.string(),
    fc.json().map((text) => Buffer.from(text).toString('base64url')),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 5 }), async (made) => {
      const isToken = made.join('.') === parts.join('.')
      expect(await codeOf(made.join('.'))).toBe(isToken ? 'accepted' : 'unauthenticated')
    }),
    { numRuns: 1_000, examples: [[parts]] },
  )
})

function flipped(octets: Buffer, bit: number): Buffer {
  const changed = Buffer.from(octets)
  changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
  return changed
}

async function codeOf(token: string): Promise<string> {
  try {
    await verify(token)
    return 'accepted'
  } catch (error) {
    return error instanceof CaliberError ? error.code : String(error)
  }
}
