/**
 * Project Wycheproof's vectors through our own path: form, key, algorithm, signature.
 *
 * The data is not part of the repository; where it is absent, these tests say that they were skipped.
 */
import { createSecretKey } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { compactVerify } from 'jose'
import { expect, test } from 'vitest'
import { algorithmNames } from './algorithms.ts'
import { readCompactJws } from './compactJws.ts'
import { type KeySet, readKeySet } from './keySet.ts'
import { verifyJws } from './verifyJws.ts'

const folder = new URL('../../../../../shared/data/security/wycheproof/', import.meta.url)
const withData = test.skipIf(!existsSync(folder))

withData('of 401 signatures, no invalid one is accepted but the two that are a valid one, octet by octet', async () => {
  const vectors = vectorsOf('json_web_signature.json', (group) => [group.public ?? group.private])
  const outcomes = await Promise.all(vectors.map((vector) => judged(vector, allKeys)))
  const ids = (accepted: boolean, result: string) =>
    outcomes.filter((o) => o.accepted === accepted && o.result === result).map(({ tcId }) => tcId)
  console.log(
    `wycheproof jws: ${outcomes.length} vectors, ${ids(true, 'valid').length} valid accepted, ` +
      `${ids(false, 'invalid').length} invalid refused, ${ids(true, 'invalid').length} invalid accepted, ` +
      `${ids(false, 'valid').length} valid refused`,
  )

  expect(outcomes).toHaveLength(401)
  expect(ids(true, 'invalid')).toEqual([367, 370])
  const text = (tcId: number) => vectors.find((vector) => vector.tcId === tcId)?.jws
  const valid = vectors.filter(({ result }) => result === 'valid').map(({ jws }) => jws)
  expect(valid).toContain(text(367))
  expect(valid).toContain(text(370))

  // 346, 347, 350, 351: the key is for another algorithm (PS256 for PS384) or for one that does not exist (ES521).
  // 372, 373: a question mark inside base64url.
  expect(ids(false, 'valid')).toEqual([346, 347, 350, 351, 372, 373])
})

withData('with shared secrets left out, as the configuration has it, no invalid signature is accepted', async () => {
  const vectors = vectorsOf('json_web_signature.json', (group) => [group.public ?? group.private])
  const outcomes = await Promise.all(vectors.map((vector) => judged(vector, publicKeys)))
  const accepted = outcomes.filter((outcome) => outcome.accepted)

  expect(accepted.filter(({ result }) => result !== 'valid')).toEqual([])
  expect(accepted).toHaveLength(32)
})

withData('without our own look at its form first, the library alone would accept more of them', async () => {
  const vectors = vectorsOf('json_web_signature.json', (group) => [group.public ?? group.private])
  const invalid = vectors.filter(({ result }) => result === 'invalid')
  const accepted = await Promise.all(
    invalid.map(async ({ tcId, jws, jwks }) => {
      const keys = [...allKeys(jwks).values()]
      const outcomes = await Promise.allSettled(
        keys.map(({ algorithm, key }) => compactVerify(jws, key, { algorithms: [algorithm] })),
      )
      return outcomes.some(({ status }) => status === 'fulfilled') ? [tcId] : []
    }),
  )

  expect(accepted.flat()).toEqual([360, 365, 367, 368, 370, 375])
})

withData('of 26 key sets, none that should be refused is accepted but one of a broken smart card', async () => {
  const vectors = vectorsOf('json_web_key.json', (group) => (group.public ?? group.private).keys ?? [])
  const outcomes = await Promise.all(vectors.map((vector) => judged(vector, publicKeys)))
  const wrong = outcomes.filter(({ accepted, result }) => accepted && result !== 'valid')

  expect(outcomes).toHaveLength(26)
  // An RSA key of the ROCA kind. Which issuer is trusted, and so whose keys, is the operator's choice.
  expect(wrong.map(({ comment }) => comment)).toEqual(['rejectsKeyWithRocaVulnerability'])
})

interface Vector {
  readonly tcId: number
  readonly comment: string
  readonly jws: string
  readonly result: string
  readonly jwks: readonly Jwk[]
}

interface Jwk {
  readonly kty: string
  readonly kid: string
  readonly alg?: string
  readonly use?: string
  readonly k?: string
}

interface Group {
  readonly public?: Jwk & { readonly keys?: readonly Jwk[] }
  readonly private: Jwk & { readonly keys?: readonly Jwk[] }
  readonly tests: readonly Omit<Vector, 'jwks'>[]
}

function vectorsOf(file: string, keysOf: (group: Group) => readonly Jwk[]): readonly Vector[] {
  const { testGroups }: { testGroups: readonly Group[] } = JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
  return testGroups.flatMap((group) => group.tests.map((vector) => ({ ...vector, jwks: keysOf(group) })))
}

async function judged(
  vector: Vector,
  keysOf: (jwks: readonly Jwk[]) => KeySet,
): Promise<Vector & { readonly accepted: boolean }> {
  const accepted = await verified(vector.jws, keysOf(vector.jwks)).then(
    () => true,
    () => false,
  )
  return { ...vector, accepted }
}

async function verified(text: string, keys: KeySet): Promise<void> {
  const jws = readCompactJws(text)
  const key = keys.get(jws.keyId)
  if (!key) throw new Error('no such key')
  await verifyJws(jws, key)
}

function publicKeys(jwks: readonly Jwk[]): KeySet {
  try {
    return readKeySet({ keys: jwks }, algorithmNames)
  } catch {
    return new Map()
  }
}

/** Shared secrets cannot be configured; here they let the vectors for the form of a token reach it. */
function allKeys(jwks: readonly Jwk[]): KeySet {
  if (!jwks.every(({ kty }) => kty === 'oct')) return publicKeys(jwks)
  return new Map(
    jwks.map(({ kid, alg = '', k = '' }) => [
      kid,
      { algorithm: alg, key: createSecretKey(Buffer.from(k, 'base64url')) },
    ]),
  )
}
