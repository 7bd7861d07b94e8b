import { expect, test } from 'vitest'
import { CaliberError } from '../domain/errors.ts'
import { readAuthConfiguration } from './configuration.ts'
import { resource, testKey } from './testing/issuer.ts'

const { jwk } = testKey()
const issuer = { issuer: 'https://login.example.com', algorithms: ['ES256'], jwks: { keys: [jwk] } }

test('what is left out has a default: the audience is this server, the type an access token', () => {
  const [read] = configuration({ resource, issuers: [issuer] }).issuers

  expect(read).toMatchObject({
    issuer: 'https://login.example.com',
    audience: resource,
    algorithms: ['ES256'],
    types: ['at+jwt'],
    tenantClaim: 'caliber_tenant',
  })
})

test('a loopback address may be plain http, for a resource, an issuer and its keys', () => {
  const local = { issuer: 'http://localhost:9000', algorithms: ['RS256'], jwksUrl: 'http://127.0.0.1:9000/keys?p=1' }

  expect(configuration({ resource: 'http://127.0.0.1:7411/mcp', issuers: [local] }).issuers[0]).toMatchObject({
    keys: { url: new URL('http://127.0.0.1:9000/keys?p=1') },
  })
})

test.each([
  ['no JSON', '{', /^auth\.json: .*Correct the file and start again\.$/],
  ['a member named twice', `{"resource":"${resource}","resource":"https://evil.example","issuers":[]}`, /named twice/],
  ['a list', '[]', /not a JSON object/],
  ['an unknown field', { resource, issuers: [issuer], debug: true }, /debug/],
  ['an unknown field of an issuer', { resource, issuers: [{ ...issuer, leeway: 5 }] }, /issuers\.0: .*leeway/],
  ['no issuers', { resource, issuers: [] }, /issuers: /],
  ['no resource', { issuers: [issuer] }, /resource: /],
  ['a resource that is no URL', { resource: 'memory', issuers: [issuer] }, /resource: must be an https URL/],
  ['a resource over plain http', { resource: 'http://memory.example.com', issuers: [issuer] }, /resource: must be/],
  ['a resource with a fragment', { resource: `${resource}#x`, issuers: [issuer] }, /resource: must be/],
  ['a resource with an empty fragment', { resource: `${resource}#`, issuers: [issuer] }, /resource: must be/],
  ['a resource with a space', { resource: `${resource} `, issuers: [issuer] }, /resource: must be/],
  ['a resource with a user', { resource: 'https://a@b.example', issuers: [issuer] }, /resource: must be/],
  ['a resource with a query', { resource: `${resource}?a=1`, issuers: [issuer] }, /resource: must have no query/],
  [
    'keys over plain http',
    withIssuer({ jwks: undefined, jwksUrl: 'http://login.example.com/keys' }),
    /jwksUrl: must be/,
  ],
  ['keys in a file', withIssuer({ jwks: undefined, jwksUrl: 'file:///etc/keys.json' }), /jwksUrl: must be/],
  ['keys of two kinds', withIssuer({ jwksUrl: 'https://login.example.com/keys' }), /either jwks or jwksUrl/],
  ['no keys', withIssuer({ jwks: undefined }), /either jwks or jwksUrl/],
  ['keys that cannot be used', withIssuer({ jwks: { keys: [] } }), /https:\/\/login\.example\.com: .*No key in it/],
  ['no algorithms', withIssuer({ algorithms: [] }), /algorithms: /],
  ['alg none', withIssuer({ algorithms: ['none'] }), /algorithms\.0: /],
  ['a shared-secret algorithm', withIssuer({ algorithms: ['ES256', 'HS256'] }), /algorithms\.1: /],
  ['a type that is no access token', withIssuer({ types: ['id+jwt'] }), /types\.0: /],
  ['an issuer twice', { resource, issuers: [issuer, issuer] }, /stands in it twice/],
])('%s is refused, saying where', (_, file, message) => {
  expect(() => configuration(file)).toThrow(message)
  expect(() => configuration(file)).toThrow(expect.objectContaining({ code: 'invalid_input' }))
})

test('everything that is wrong is listed at once', () => {
  const wrong = { resource: 'x', issuers: [{ ...issuer, algorithms: [], tenantClaim: '' }] }
  const error = caught(() => configuration(wrong))

  expect(error.detail).toMatchObject({
    issues: [{ path: 'resource' }, { path: 'issuers.0.algorithms' }, { path: 'issuers.0.tenantClaim' }],
  })
})

function withIssuer(changes: object): object {
  return { resource, issuers: [{ ...issuer, ...changes }] }
}

function configuration(file: string | object) {
  return readAuthConfiguration(typeof file === 'string' ? file : JSON.stringify(file), 'auth.json')
}

function caught(run: () => unknown): CaliberError {
  try {
    run()
  } catch (error) {
    if (error instanceof CaliberError) return error
  }
  throw new Error('nothing was refused')
}
