import { describe, expect, test } from 'vitest'
import { algorithmNames } from './algorithms.ts'
import {
  configured,
  goodClaims,
  nowMs,
  nowSeconds,
  p256Order,
  resource,
  signed,
  tenantId,
  testKey,
} from './testing/issuer.ts'
import { expectRefused } from './testing/refusal.ts'
import { createTokenVerifier, type TokenVerifier } from './tokenVerifier.ts'

const key = testKey('ES256')
const rsa = testKey('RS256', 'rsa-1')
const ed = testKey('EdDSA', 'ed-1')
const stranger = testKey('ES256')
const now = () => new Date(nowMs)
const verify = createTokenVerifier(
  configured({ algorithms: ['ES256', 'RS256', 'EdDSA'], jwks: { keys: [key.jwk, rsa.jwk, ed.jwk] } }),
  now,
)

describe('a good token', () => {
  test.each([key, rsa, ed])('signed with $algorithm says who asks, for which tenant, and what for', async (signer) => {
    expect(await verify(signed(signer))).toEqual({
      issuer: goodClaims.iss,
      subject: goodClaims.sub,
      tenantId,
      rights: ['read', 'write'],
      expiresAtMs: (nowSeconds + 300) * 1000,
    })
  })

  test.each(algorithmNames)('may be signed by %s', async (algorithm) => {
    const signer = testKey(algorithm)
    const judge = createTokenVerifier(configured({ algorithms: [algorithm], jwks: { keys: [signer.jwk] } }), now)

    await expect(judge(signed(signer))).resolves.toMatchObject({ tenantId })
    await expectRefused(judge, signed({ ...testKey(algorithm), kid: signer.kid }))
  })

  test.each([
    ['one audience of several', { aud: ['https://other.example', resource] }],
    ['no nbf and no iat', { nbf: undefined, iat: undefined }],
    ['a clock a minute ahead', { nbf: nowSeconds + 60, iat: nowSeconds + 60 }],
    ['an expiry less than a minute ago', { exp: nowSeconds - 59, iat: nowSeconds - 300 }],
    ['claims that mean nothing here', { groups: ['a', { b: 1 }], azp: 'x' }],
    ['the longest subject', { sub: 's'.repeat(500) }],
  ])('may have %s', async (_, claims) => {
    await expect(verify(signed(key, { ...goodClaims, ...claims }))).resolves.toMatchObject({ tenantId })
  })

  test.each([
    ['caliber:read', ['read']],
    ['caliber:admin caliber:read caliber:admin', ['read', 'admin']],
    ['openid caliber:delete CALIBER:READ caliber: caliber:operate', []],
    ['', []],
    [undefined, []],
  ])('with the scope %o has the rights %o', async (scope, rights) => {
    expect(await verify(signed(key, { ...goodClaims, scope }))).toMatchObject({ rights })
  })

  test('has a type that the configuration accepts, however it is spelled', async () => {
    const both = createTokenVerifier(configured({ types: ['at+jwt', 'JWT'], jwks: { keys: [key.jwk] } }), now)
    for (const typ of ['at+jwt', 'AT+JWT', 'application/at+jwt', 'JWT', 'jwt']) {
      await expect(both(signed(key, goodClaims, { typ }))).resolves.toMatchObject({ tenantId })
    }
  })

  test('may name its tenant in a claim of another name, and be meant for another audience, where so configured', async () => {
    const other = createTokenVerifier(
      configured({ tenantClaim: 'https://example.com/tenant', audience: 'api://memory', jwks: { keys: [key.jwk] } }),
      now,
    )
    const { caliber_tenant: tenant, ...claims } = goodClaims
    const token = signed(key, { ...claims, aud: 'api://memory', 'https://example.com/tenant': tenant })
    await expect(other(token)).resolves.toMatchObject({ tenantId })
    await expectRefused(other, signed(key))
  })

  test('with the other root of an ES256 signature is the same token: nothing here counts on its text', async () => {
    const [header, payload, good = ''] = signed(key).split('.')
    const token = `${header}.${payload}.${otherRoot(Buffer.from(good, 'base64url')).toString('base64url')}`
    expect(token).not.toBe(signed(key))
    expect(await verify(token)).toMatchObject({ subject: goodClaims.sub })
  })
})

test('a token of one issuer is worth nothing with the keys of another', async () => {
  const [a, b] = [testKey('ES256', 'same'), testKey('ES256', 'same')]
  const both = createTokenVerifier(
    configured(
      { jwks: { keys: [a.jwk] } },
      { issuer: 'https://b.example', algorithms: ['ES256'], jwks: { keys: [b.jwk] } },
    ),
    now,
  )
  await expect(both(signed(a))).resolves.toMatchObject({ issuer: goodClaims.iss })
  await expect(both(signed(b, { ...goodClaims, iss: 'https://b.example' }))).resolves.toMatchObject({
    issuer: 'https://b.example',
  })
  await expectRefused(both, signed(b))
  await expectRefused(both, signed(a, { ...goodClaims, iss: 'https://b.example' }))
})

test('a verified token is trusted until it expires, and not a moment longer', async () => {
  let clock = nowMs
  const { verify: judge, lookups } = counted(() => clock)
  const token = signed(key, { ...goodClaims, exp: nowSeconds + 30 })

  await judge(token)
  clock += 29_000
  await judge(token)
  expect(lookups()).toBe(1)
  clock += 1_000
  await judge(token)
  expect(lookups()).toBe(2)
  clock += 60_000
  await expectRefused(judge, token)
})

test('a verified token is judged again after a minute', async () => {
  let clock = nowMs
  const { verify: judge, lookups } = counted(() => clock)

  await judge(signed(key))
  const token = signed(key)
  await judge(token)
  const before = lookups()
  clock += 59_999
  await judge(token)
  expect(lookups()).toBe(before)
  clock += 1
  await judge(token)
  expect(lookups()).toBe(before + 1)
})

test('of the verified tokens the last thousand are remembered, and no more', async () => {
  const { verify: judge, lookups } = counted(() => nowMs)
  const tokens = Array.from({ length: 1_001 }, (_, i) => signed(key, { ...goodClaims, jti: String(i) }))
  for (const token of tokens) await judge(token)
  const before = lookups()

  await judge(tokens[1_000] ?? '')
  await judge(tokens[1] ?? '')
  expect(lookups()).toBe(before)
  await judge(tokens[0] ?? '')
  expect(lookups()).toBe(before + 1)
})

test('a refused token is not remembered as a good one', async () => {
  const bad = signed(stranger)
  await expectRefused(verify, bad)
  await expectRefused(verify, bad)
})

/** A verifier of which one can see how often it looked for a key. */
function counted(clock: () => number): { verify: TokenVerifier; lookups(): number } {
  const configuration = configured({ jwks: { keys: [key.jwk] } })
  let lookups = 0
  const issuers = configuration.issuers.map((issuer) => {
    const given = new Map([[key.kid, { algorithm: 'ES256', key: key.publicKey }]])
    const get = given.get.bind(given)
    given.get = (kid) => {
      lookups += 1
      return get(kid)
    }
    return { ...issuer, keys: { given } }
  })
  return {
    verify: createTokenVerifier({ ...configuration, issuers }, () => new Date(clock())),
    lookups: () => lookups,
  }
}

function otherRoot(raw: Buffer): Buffer {
  const s = BigInt(`0x${raw.subarray(32).toString('hex')}`)
  const other = (BigInt(`0x${p256Order}`) - s).toString(16).padStart(64, '0')
  return Buffer.concat([raw.subarray(0, 32), Buffer.from(other, 'hex')])
}
