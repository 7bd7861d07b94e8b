import { expect, test } from 'vitest'
import { configured, resource, testKey } from '../../auth/testing/issuer.ts'
import { CaliberError } from '../../domain/errors.ts'
import { auth, recordingApp, someId } from './testing/calls.ts'

const jwks = { keys: [testKey().jwk] }
const configuration = configured({ jwks })
const metadataUrl = 'https://memory.example.com/.well-known/oauth-protected-resource/mcp'
const metadataPaths = ['/.well-known/oauth-protected-resource', '/.well-known/oauth-protected-resource/mcp']

test('the metadata of the resource leads to its issuers, and needs no credential', async () => {
  const { app } = await recordingApp(undefined, { auth: configuration })

  for (const url of metadataPaths) {
    const reply = await app.inject({ url })
    expect(reply.statusCode).toBe(200)
    expect(reply.headers['content-type']).toMatch(/^application\/json/)
    expect(reply.json()).toEqual({
      resource,
      authorization_servers: ['https://login.example.com'],
      scopes_supported: ['caliber:read', 'caliber:write', 'caliber:admin'],
      bearer_methods_supported: ['header'],
      resource_name: 'Caliber',
    })
  }
})

test('a resource under a path of its own is found under that path too', async () => {
  const { app } = await recordingApp(undefined, {
    auth: { ...configuration, resource: 'https://a.example/team/memory' },
  })

  const reply = await app.inject({ url: '/.well-known/oauth-protected-resource/team/memory' })
  const refused = await app.inject({ url: '/v1/notes' })

  expect(reply.json()).toMatchObject({ resource: 'https://a.example/team/memory' })
  expect(refused.headers['www-authenticate']).toContain(
    'resource_metadata="https://a.example/.well-known/oauth-protected-resource/team/memory"',
  )
})

test('without issuers there is no metadata, and a refusal asks for a key and no more', async () => {
  const { app } = await recordingApp(forbidden)

  for (const url of metadataPaths) expect((await app.inject({ url })).statusCode).toBe(404)
  const refused = await app.inject({ url: '/v1/notes' })
  const lacking = await app.inject({ url: '/v1/notes', headers: auth })
  expect(refused.headers['www-authenticate']).toBe('Bearer realm="caliber"')
  expect([lacking.statusCode, lacking.headers['www-authenticate']]).toEqual([403, undefined])
})

test('who brings nothing is told where to go; who brings a wrong token, that it is wrong', async () => {
  const { app } = await recordingApp(undefined, { auth: configuration })
  const challenge = async (headers: Record<string, string>) =>
    (await app.inject({ url: '/v1/notes', headers })).headers['www-authenticate']
  const rest = `scope="caliber:read caliber:write", resource_metadata="${metadataUrl}"`

  expect(await challenge({})).toBe(`Bearer realm="caliber", ${rest}`)
  expect(await challenge({ authorization: 'Basic abc' })).toBe(`Bearer realm="caliber", ${rest}`)
  expect(await challenge({ authorization: 'Bearer wrong' })).toBe(
    `Bearer realm="caliber", error="invalid_token", ${rest}`,
  )
})

test('who lacks a right is told the scope to ask for, with what is held already', async () => {
  const { app } = await recordingApp(forbidden, { auth: configuration })

  const reply = await app.inject({ url: '/v1/notes', headers: auth })

  expect(reply.statusCode).toBe(403)
  expect(reply.headers['www-authenticate']).toBe(
    `Bearer realm="caliber", error="insufficient_scope", scope="caliber:read caliber:admin", resource_metadata="${metadataUrl}"`,
  )
})

test('a refusal that no token would change challenges nobody', async () => {
  const { app } = await recordingApp(undefined, { auth: configuration })

  const foreign = await app.inject({ url: '/v1/notes', headers: { ...auth, origin: 'https://evil.example' } })
  const missing = await app.inject({ url: '/nowhere' })

  expect([foreign.statusCode, foreign.headers['www-authenticate']]).toEqual([403, undefined])
  expect([missing.statusCode, missing.headers['www-authenticate']]).toEqual([404, undefined])
})

function forbidden(): never {
  throw new CaliberError('forbidden', 'It needs the right "admin".', { needs: 'admin', has: ['read'], id: someId })
}
