/** Tokens that somebody made up, stole or bent, each by the name of what is wrong with it. */
import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  configured,
  encoded,
  goodClaims,
  nowMs,
  nowSeconds,
  p256Order,
  resource,
  signature,
  signed,
  tenantId,
  testKey,
} from './testing/issuer.ts'
import { refusalOf } from './testing/refusal.ts'
import { createTokenVerifier } from './tokenVerifier.ts'

const key = testKey('ES256')
const rsa = testKey('RS256', 'rsa-1')
const stranger = testKey('ES256')
const verify = createTokenVerifier(
  configured({ algorithms: ['ES256', 'RS256'], jwks: { keys: [key.jwk, rsa.jwk] } }),
  () => new Date(nowMs),
)

const [goodHeader = '', goodPayload = '', goodSignature = ''] = signed(key).split('.')
const hs256 = (secret: string | Buffer, header: object) => {
  const input = `${encoded(JSON.stringify(header))}.${goodPayload}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}
const publicPem = rsa.publicKey.export({ type: 'spki', format: 'pem' })
const claim = (claims: object) => signed(key, { ...goodClaims, ...claims })
const header = (parameters: object) => signed(key, goodClaims, parameters)
const strangerSays = (parameters: object) => signed(stranger, goodClaims, parameters)

/** Grouped by the check that stops them, so that none is stopped by accident. */
const attacks: readonly (readonly [reason: string, tokens: readonly (readonly [string, string])[]])[] = [
  ['longer than the limit', [['more characters than the limit', claim({ filler: 'x'.repeat(8 * 1024) })]]],
  [
    'not three parts of canonical base64url',
    [
      ['no text', ''],
      ['no JWT', 'hello'],
      ['an API key of ours', `cal_${'0'.repeat(64)}_${'A'.repeat(43)}00000000`],
      ['two parts', `${goodHeader}.${goodPayload}`],
      ['four parts', `${signed(key)}.${goodSignature}`],
      ['five parts, as an encrypted token has', `${signed(key)}.${goodSignature}.${goodSignature}`],
      ['a space in front', ` ${signed(key)}`],
      ['a line break behind', `${signed(key)}\n`],
      ['spaces inside', signed(key).replace('.', ' . ')],
      ['padding behind the header', `${goodHeader}=.${goodPayload}.${goodSignature}`],
      ['padding behind the signature', `${signed(key)}==`],
      ['the alphabet of base64', `${goodHeader}.${goodPayload}.+${goodSignature.slice(1)}`],
      ['an unused bit set in the signature', unusedBit(signed(rsa))],
    ],
  ],
  [
    'the header cannot be read',
    [
      [
        'a header parameter named twice',
        signed(key, goodClaims, '{"alg":"none","alg":"ES256","kid":"key-1","typ":"at+jwt"}'),
      ],
      ['a header that is text', signed(key, goodClaims, '"ES256"')],
    ],
  ],
  [
    'the header has',
    [
      ['a key of its own in the header (jwk)', strangerSays({ jwk: stranger.jwk })],
      ['a key of its own, rightly signed otherwise', header({ jwk: key.jwk })],
      ['the URL of a key set (jku)', strangerSays({ jku: 'https://evil.example/jwks.json' })],
      ['the URL of a certificate (x5u)', strangerSays({ x5u: 'https://evil.example/cert.pem' })],
      ['a certificate (x5c)', strangerSays({ x5c: ['MIIB'] })],
      ['a critical extension', header({ crit: ['exp'], exp: nowSeconds })],
      ['an empty crit', header({ crit: [] })],
      ['an unencoded payload (b64)', header({ b64: false, crit: ['b64'] })],
      ['compression (zip)', header({ zip: 'DEF' })],
    ],
  ],
  [
    'the header lacks alg or kid',
    [
      ['no alg', header({ alg: undefined })],
      ['an alg that is a list', header({ alg: ['ES256'] })],
      ['no kid', header({ kid: undefined })],
      ['a kid that is a number', strangerSays({ kid: 1 })],
    ],
  ],
  ['typ is no text', [['typ that is no text', header({ typ: 5 })]]],
  [
    'the payload cannot be read',
    [
      ['a nested token', signed(key, signed(key), { cty: 'JWT' })],
      ['a NUL in the subject', claim({ sub: 'admin\0' })],
      ['a lone surrogate in the subject', signed(key, JSON.stringify(goodClaims).replace('auth0|', '\\ud800'))],
      ['a claim named twice', signed(key, JSON.stringify(goodClaims).replace('{', '{"sub":"root",'))],
      [
        'a claim named twice, once with an escape',
        signed(key, JSON.stringify(goodClaims).replace('{', '{"s\\u0075b":"root",')),
      ],
      ['a name twice deep inside', signed(key, JSON.stringify(goodClaims).replace('{', '{"a":[{"b":1,"b":2}],'))],
      ['claims that are a list', signed(key, '[]')],
      ['claims that are null', signed(key, 'null')],
      ['claims that are no JSON', signed(key, `${JSON.stringify(goodClaims)}x`)],
      ['claims with a comment', signed(key, JSON.stringify(goodClaims).replace('{', '{/* */'))],
      ['claims with a byte order mark', signed(key, `\ufeff${JSON.stringify(goodClaims)}`)],
      ['claims that are not UTF-8', notUtf8()],
      ['nesting without end', signed(key, `{"a":${'['.repeat(3_000)}${']'.repeat(3_000)}}`)],
      [
        'nesting beyond the limit',
        signed(key, JSON.stringify(goodClaims).replace('{', `{"a":${'['.repeat(70)}${']'.repeat(70)},`)),
      ],
    ],
  ],
  [
    'its issuer is not configured',
    [
      ['another issuer', claim({ iss: 'https://evil.example' })],
      ['the issuer with a slash more', claim({ iss: `${goodClaims.iss}/` })],
      ['the issuer in other case', claim({ iss: goodClaims.iss.toUpperCase() })],
      ['a list of issuers', claim({ iss: [goodClaims.iss] })],
      ['no issuer', claim({ iss: undefined })],
      ['an issuer from the prototype', claim({ iss: '__proto__' })],
    ],
  ],
  [
    'its issuer has no such key',
    [
      ['an unknown kid', strangerSays({ kid: 'key-2' })],
      ['an empty kid', strangerSays({ kid: '' })],
      ['a kid that walks paths', strangerSays({ kid: '../../../../dev/null' })],
      ['a kid that injects SQL', strangerSays({ kid: "x' union select 'AA" })],
      ['a kid that runs a command', strangerSays({ kid: '|/usr/bin/id' })],
      ['a kid from the prototype', strangerSays({ kid: '__proto__' })],
      ['a kid that is a URL', strangerSays({ kid: 'https://evil.example/jwks.json' })],
    ],
  ],
  [
    'its alg is not that of its key',
    [
      ['alg none without a signature', `${encoded('{"alg":"none","kid":"key-1","typ":"at+jwt"}')}.${goodPayload}.`],
      [
        'alg none with a signature',
        `${encoded('{"alg":"none","kid":"key-1","typ":"at+jwt"}')}.${goodPayload}.${goodSignature}`,
      ],
      ['alg NoNe', header({ alg: 'NoNe' })],
      ['alg in the wrong case', header({ alg: 'es256' })],
      [
        'HS256 with the RSA public key (PEM) as the secret',
        hs256(publicPem, { alg: 'HS256', kid: 'rsa-1', typ: 'at+jwt' }),
      ],
      [
        'HS256 with the RSA public key (JWK) as the secret',
        hs256(JSON.stringify(rsa.jwk), { alg: 'HS256', kid: 'rsa-1', typ: 'at+jwt' }),
      ],
      [
        'HS256 with the modulus as the secret',
        hs256(String(rsa.jwk['n']), { alg: 'HS256', kid: 'rsa-1', typ: 'at+jwt' }),
      ],
      ['HS256 with an empty secret', hs256('', { alg: 'HS256', kid: 'key-1', typ: 'at+jwt' })],
      ['an RSA key under the id of an elliptic one', signed({ ...rsa, kid: 'key-1' })],
      ['the alg of another key of the issuer', signed(rsa, goodClaims, { alg: 'ES256' })],
      ['a sibling algorithm for the same RSA key', header({ alg: 'PS256', kid: 'rsa-1' })],
    ],
  ],
  [
    'the signature does not verify',
    [
      ['an empty signature', `${goodHeader}.${goodPayload}.`],
      ['a signature by a stranger', strangerSays({})],
      [
        'a signature over other claims',
        `${goodHeader}.${encoded(JSON.stringify({ ...goodClaims, sub: 'root' }))}.${goodSignature}`,
      ],
      [
        'an ES256 signature in DER',
        `${goodHeader}.${goodPayload}.${der(Buffer.from(goodSignature, 'base64url')).toString('base64url')}`,
      ],
      ['an ES256 signature of zeros', `${goodHeader}.${goodPayload}.${Buffer.alloc(64).toString('base64url')}`],
      [
        'an ES256 signature of the group order',
        `${goodHeader}.${goodPayload}.${Buffer.from(p256Order + p256Order, 'hex').toString('base64url')}`,
      ],
      [
        'an ES256 signature with an octet more',
        `${goodHeader}.${goodPayload}.${Buffer.concat([Buffer.from(goodSignature, 'base64url'), Buffer.alloc(1)]).toString('base64url')}`,
      ],
      [
        'an ES256 signature with an octet less',
        `${goodHeader}.${goodPayload}.${Buffer.from(goodSignature, 'base64url').subarray(0, 63).toString('base64url')}`,
      ],
    ],
  ],
  [
    'a claim is missing or of the wrong form',
    [
      ['no audience at all in a list', claim({ aud: [] })],
      ['ours in a list in a list', claim({ aud: [[resource]] })],
      ['an audience that is an object', claim({ aud: { [resource]: true } })],
      ['no audience', claim({ aud: undefined })],
      ['no expiry', claim({ exp: undefined })],
      ['an expiry that is text', claim({ exp: String(nowSeconds + 300) })],
      ['an expiry of null', claim({ exp: null })],
      ['an expiry that never comes', signed(key, JSON.stringify(goodClaims).replace(/"exp":\d+/, '"exp":1e999'))],
      ['an expiry beyond all dates', claim({ exp: 1e15 })],
      ['a negative expiry', claim({ exp: -1 })],
      ['nbf that is text', claim({ nbf: '0' })],
      ['no subject', claim({ sub: undefined })],
      ['an empty subject', claim({ sub: '' })],
      ['a subject that is a number', claim({ sub: 7 })],
      ['a subject that is too long', claim({ sub: 's'.repeat(501) })],
      ['a scope that is a list', claim({ scope: ['caliber:admin'] })],
    ],
  ],
  [
    'its typ is not accepted',
    [
      ['typ missing', header({ typ: undefined })],
      ['typ JWT where only access tokens are accepted', header({ typ: 'JWT' })],
      ['typ of an ID token profile', header({ typ: 'id+jwt' })],
    ],
  ],
  [
    'aud does not contain this server',
    [
      ['another audience', claim({ aud: 'https://other.example/mcp' })],
      ['an audience that ours begins with', claim({ aud: 'https://memory.example.com' })],
      ['an audience that begins with ours', claim({ aud: `${resource}/v1` })],
      ['audiences of others only', claim({ aud: ['https://a.example', 'https://b.example'] })],
    ],
  ],
  ['expired', [['an expiry a minute ago', claim({ exp: nowSeconds - 60 })]]],
  ['not valid yet', [['nbf in the future', claim({ nbf: nowSeconds + 61 })]]],
  [
    'iat lies ahead',
    [
      ['iat in the future', claim({ iat: nowSeconds + 61 })],
      ['iat after its own expiry', claim({ iat: nowSeconds + 50, exp: nowSeconds + 40, nbf: undefined })],
    ],
  ],
  [
    'the claim caliber_tenant is no tenant id',
    [
      ['no tenant', claim({ caliber_tenant: undefined })],
      ['a tenant that is no id', claim({ caliber_tenant: 'acme' })],
      ['a tenant in capitals', claim({ caliber_tenant: tenantId.toUpperCase() })],
      ['a tenant with a space behind it', claim({ caliber_tenant: `${tenantId} ` })],
      ['a tenant in braces', claim({ caliber_tenant: `{${tenantId}}` })],
      ['two tenants', claim({ caliber_tenant: [tenantId, tenantId] })],
      ['a tenant that is an object', claim({ caliber_tenant: { id: tenantId } })],
    ],
  ],
]

describe.each(attacks)('"%s" stops a token with', (reason, tokens) => {
  test.each(tokens)('%s', async (_, token) => {
    const { code, message, detail, cause } = await refusalOf(verify, token)
    // One answer for all of them; what is wrong is for the log.
    expect({ code, message, detail }).toEqual({
      code: 'unauthenticated',
      message: 'The token is not valid here. Get a new one from its issuer.',
      detail: {},
    })
    expect(cause).toMatchObject({ message: expect.stringContaining(`token refused: ${reason}`) })
  })
})

test('without what is wrong with them, the same tokens are accepted', async () => {
  for (const token of [signed(key), signed(rsa), claim({}), header({}), signed(key, JSON.stringify(goodClaims))]) {
    await expect(verify(token)).resolves.toMatchObject({ tenantId })
  }
})

function der(raw: Buffer): Buffer {
  const integer = (octets: Buffer) => {
    const body = octets[0] !== undefined && octets[0] >= 0x80 ? Buffer.concat([Buffer.alloc(1), octets]) : octets
    return Buffer.concat([Buffer.from([2, body.length]), body])
  }
  const body = Buffer.concat([integer(raw.subarray(0, 32)), integer(raw.subarray(32))])
  return Buffer.concat([Buffer.from([0x30, body.length]), body])
}

/** The last character of 256 octets carries two bits that mean nothing. */
function unusedBit(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return token.slice(0, -1) + alphabet[alphabet.indexOf(token.slice(-1)) ^ 1]
}

function notUtf8(): string {
  const octets = Buffer.from(JSON.stringify({ ...goodClaims, name: 'é' }), 'latin1')
  const input = `${encoded(JSON.stringify({ alg: 'ES256', kid: 'key-1', typ: 'at+jwt' }))}.${octets.toString('base64url')}`
  return `${input}.${signature(key, input).toString('base64url')}`
}
