/** What other issuers sign, and what says who they are. */
import assert from 'node:assert/strict'
import { built, loadBuilt } from '../built.mjs'
import { unlessRefused } from '../refusal.mjs'

const encoded = (text) => Buffer.from(text).toString('base64url')
const header = '{"alg":"ES256","kid":"k1","typ":"at+jwt"}'
const token = `${encoded(header)}.${encoded('{"iss":"https://id.example","exp":1}')}.${encoded('signature')}`

const compactJws = {
  name: 'compact-jws',
  guides: [built('auth/compactJws.js'), built('auth/strictJson.js')],
  seeds: [token, `${encoded(header)}..`, header],
  dictionary: [
    '"alg"',
    '"kid"',
    '"typ"',
    '"crit"',
    '"jwk"',
    '"b64"',
    '.',
    '=',
    '{',
    '}',
    '\\u0061',
    '__proto__',
    'null',
  ],
  maxBytes: 400,
  async load() {
    const { readCompactJws } = await loadBuilt('auth/compactJws.js')
    return (input) => {
      const text = input.toString('latin1')
      // Changed base64url hardly ever decodes to JSON, so the header is tried as it would look decoded as well.
      for (const candidate of [text, `${input.toString('base64url')}.e30.`]) {
        const read = unlessRefused(['unauthenticated'], () => readCompactJws(candidate))
        if (read === undefined) continue
        const [head, payload, signature] = candidate.split('.')
        assert.match(candidate, /^[A-Za-z0-9_.-]*$/)
        for (const part of [head, payload, signature])
          assert.equal(Buffer.from(part, 'base64url').toString('base64url'), part)
        assert.equal(Buffer.from(read.payload).toString('base64url'), payload)
        const said = JSON.parse(Buffer.from(head, 'base64url').toString())
        assert.deepEqual([read.algorithm, read.keyId, read.type], [said.alg, said.kid, said.typ])
        for (const name of ['crit', 'b64', 'zip', 'jku', 'jwk', 'x5u', 'x5c']) assert.ok(!Object.hasOwn(said, name))
      }
    }
  },
}

const publicKey = {
  kty: 'EC',
  crv: 'P-256',
  kid: 'k1',
  use: 'sig',
  // The key of RFC 7515, appendix A.3.
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
}
const words = [
  '"kty"',
  '"EC"',
  '"RSA"',
  '"OKP"',
  '"crv"',
  '"P-256"',
  '"Ed25519"',
  '"kid"',
  '"use"',
  '"key_ops"',
  '"alg"',
  '"n"',
  '"e"',
  '"x"',
  '"y"',
  '"keys"',
]

const keySet = {
  name: 'key-set',
  guides: [built('auth/keySet.js'), built('auth/strictJson.js')],
  seeds: [
    JSON.stringify({ keys: [publicKey] }),
    JSON.stringify({
      keys: [{ kty: 'OKP', crv: 'Ed25519', kid: 'k2', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }],
    }),
  ],
  dictionary: words,
  shape: 'json',
  maxBytes: 1_000,
  async load() {
    const { readKeySet } = await loadBuilt('auth/keySet.js')
    const { readJsonObject } = await loadBuilt('auth/strictJson.js')
    const allowed = ['ES256', 'EdDSA', 'RS256']
    return (input) => {
      const read = objectIn(readJsonObject, input)
      if (read === undefined) return
      const keys = unlessRefused(['invalid_input'], () => readKeySet(read, allowed))
      if (keys === undefined) return
      assert.ok(keys.size > 0)
      for (const { algorithm, key } of keys.values()) {
        assert.ok(allowed.includes(algorithm))
        assert.equal(key.type, 'public')
      }
    }
  },
}

const issuers = {
  name: 'issuer-configuration',
  guides: [built('auth/configuration.js')],
  seeds: [
    JSON.stringify({
      resource: 'https://memory.example/mcp',
      issuers: [{ issuer: 'https://id.example', algorithms: ['ES256'], jwks: { keys: [publicKey] } }],
    }),
    JSON.stringify({
      resource: 'http://127.0.0.1:7475',
      issuers: [{ issuer: 'https://id.example', algorithms: ['RS256'], jwksUrl: 'https://id.example/keys' }],
    }),
  ],
  dictionary: [
    ...words,
    '"resource"',
    '"issuers"',
    '"issuer"',
    '"jwks"',
    '"jwksUrl"',
    '"algorithms"',
    '"audience"',
    '"none"',
    'https://',
    'http://',
    '#',
    '@',
  ],
  shape: 'json',
  maxBytes: 1_200,
  async load() {
    const { readAuthConfiguration } = await loadBuilt('auth/configuration.js')
    return (input) => {
      const read = unlessRefused(['invalid_input'], () => readAuthConfiguration(input, 'auth.json'))
      if (read === undefined) return
      assert.ok(URL.canParse(read.resource))
      assert.equal(new Set(read.issuers.map(({ issuer }) => issuer)).size, read.issuers.length)
      for (const { algorithms, keys } of read.issuers) {
        assert.ok(
          algorithms.length > 0 && !algorithms.includes('none') && !algorithms.some((name) => name.startsWith('HS')),
        )
        assert.ok('url' in keys ? /^https?:$/.test(keys.url.protocol) : keys.given.size > 0)
      }
    }
  },
}

/** Reading says with a plain error what is wrong; whoever asks translates it. */
function objectIn(readJsonObject, input) {
  try {
    return readJsonObject(input)
  } catch (error) {
    assert.ok(error instanceof Error)
    return undefined
  }
}

export const tokenParsers = [compactJws, keySet, issuers]
