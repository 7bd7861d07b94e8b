/** An issuer whose tokens can say anything: signed with the primitives of Node, so that no library straightens them. */
import { constants, generateKeyPairSync, type KeyObject, type KeyPairKeyObjectResult, sign } from 'node:crypto'
import { type Algorithm, algorithms } from '../algorithms.ts'
import { type AuthConfiguration, type IssuerConfiguration, readAuthConfiguration } from '../configuration.ts'

export const resource = 'https://memory.example.com/mcp'
export const tenantId = '01890a5d-ac96-774b-bcce-b302099a8057'
export const nowMs = Date.UTC(2026, 4, 4, 9)
export const nowSeconds = nowMs / 1000

export interface TestKey {
  readonly kid: string
  readonly algorithm: Algorithm
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
  readonly jwk: Readonly<Record<string, unknown>>
}

export function testKey(algorithm: Algorithm = 'ES256', kid = 'key-1'): TestKey {
  const { publicKey, privateKey } = keyPair(algorithm)
  return { kid, algorithm, publicKey, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: algorithm } }
}

function keyPair(algorithm: Algorithm): KeyPairKeyObjectResult {
  const needed = algorithms[algorithm]
  switch (needed.kty) {
    case 'RSA':
      return generateKeyPairSync('rsa', { modulusLength: 2048 })
    case 'EC':
      return generateKeyPairSync('ec', { namedCurve: needed.crv })
    case 'OKP':
      return generateKeyPairSync('ed25519')
  }
}

/** What a good token says. */
export const goodClaims = {
  iss: 'https://login.example.com',
  sub: 'auth0|5f7c8ec7c33c6c004bbafe82',
  aud: resource,
  exp: nowSeconds + 300,
  nbf: nowSeconds - 10,
  iat: nowSeconds - 10,
  scope: 'openid caliber:read caliber:write',
  caliber_tenant: tenantId,
}

/** Sign claims, or any text in their place; header parameters set to undefined are left out. */
export function signed(key: TestKey, claims: object | string = goodClaims, header: object | string = {}): string {
  const full = { alg: key.algorithm, kid: key.kid, typ: 'at+jwt' }
  const head = typeof header === 'string' ? header : JSON.stringify({ ...full, ...header })
  const input = `${encoded(head)}.${encoded(typeof claims === 'string' ? claims : JSON.stringify(claims))}`
  return `${input}.${signature(key, input).toString('base64url')}`
}

export function signature({ algorithm, privateKey }: TestKey, input: string): Buffer {
  const { kty } = algorithms[algorithm]
  const digest = kty === 'OKP' ? null : `sha${algorithm.slice(2)}`
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  const padding = algorithm.startsWith('PS') ? pss : {}
  return sign(digest, Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363', ...padding })
}

export function encoded(text: string): string {
  return Buffer.from(text).toString('base64url')
}

/** A configuration as a file would give it. */
export function configured(issuer: Readonly<Record<string, unknown>>, ...more: object[]): AuthConfiguration {
  const issuers = [{ issuer: goodClaims.iss, algorithms: ['ES256'], ...issuer }, ...more]
  return readAuthConfiguration(JSON.stringify({ resource, issuers }), 'auth.json')
}

export function configuredIssuer(issuer: Readonly<Record<string, unknown>>): IssuerConfiguration {
  const [first] = configured(issuer).issuers
  if (!first) throw new Error('a configuration has an issuer')
  return first
}

/** The order of P-256. */
export const p256Order = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'
