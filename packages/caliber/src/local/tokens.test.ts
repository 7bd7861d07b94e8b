/** From a file in the data directory to a call with a token: everything that `caliber up` does. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { goodClaims, signed, testKey } from '../auth/testing/issuer.ts'
import type { Seat } from './seat.ts'
import { takeSeat } from './takeSeat.ts'

const key = testKey()
const resource = 'https://memory.example.com/mcp'
let directory: string
let seat: Seat
let url: string

beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'caliber-tokens-'))
  const issuers = [{ issuer: goodClaims.iss, algorithms: ['ES256'], jwks: { keys: [key.jwk] } }]
  await writeFile(path.join(directory, 'auth.json'), JSON.stringify({ resource, issuers }))
  seat = await takeSeat({ dataDir: directory })
  url = (await seat.owned?.listen({ host: '127.0.0.1', port: 0 })) ?? ''
  await seat.transport.call('principal.add', {
    kind: 'user',
    name: 'anna',
    identities: [{ issuer: goodClaims.iss, subject: goodClaims.sub }],
  })
})
afterAll(async () => {
  await seat.close()
  await rm(directory, { recursive: true, force: true })
})

test('a token does what its scope allows, and the refusal of the rest says what to ask for', async () => {
  const reader = token({ scope: 'caliber:read' })
  const note = { type: 'fact', subject: 's', content: 'c' }

  expect((await call('GET', '/v1/notes', reader)).status).toBe(200)
  const refused = await call('POST', '/v1/notes', reader, note)
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
    403,
    expect.stringContaining('error="insufficient_scope", scope="caliber:read caliber:write"'),
  ])
  expect((await call('POST', '/v1/notes', token({ scope: 'caliber:read caliber:write' }), note)).status).toBe(200)
})

test('a wrong token is told where to get a right one', async () => {
  const refused = await call('GET', '/v1/notes', token({ aud: 'https://other.example' }))

  expect(refused.status).toBe(401)
  expect(refused.headers.get('www-authenticate')).toContain(
    'resource_metadata="https://memory.example.com/.well-known/oauth-protected-resource/mcp"',
  )
  const metadata = await call('GET', '/.well-known/oauth-protected-resource/mcp', '')
  expect(await metadata.json()).toMatchObject({ resource, authorization_servers: [goodClaims.iss] })
})

test('the key of the directory still opens everything', async () => {
  expect((await call('GET', '/v1/notes', seat.credential.key)).status).toBe(200)
})

/** The process runs on the real clock, and the database with it. */
function token(claims: object): string {
  const nowSeconds = Math.floor(Date.now() / 1000)
  const times = { exp: nowSeconds + 300, nbf: nowSeconds - 10, iat: nowSeconds - 10 }
  const { tenantId } = seat.credential.principal
  return signed(key, { ...goodClaims, ...times, caliber_tenant: tenantId, ...claims })
}

function call(method: string, route: string, credential: string, body?: object): Promise<Response> {
  const headers = { authorization: `Bearer ${credential}`, ...(body && { 'content-type': 'application/json' }) }
  return fetch(url + route, { method, headers, ...(body && { body: JSON.stringify(body) }) })
}
