/** The official client finds its way in by itself: from a refusal to a token, and from a token to a larger one. */
import http from 'node:http'
import {
  Client,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client'
import Fastify from 'fastify'
import { afterEach, expect, test } from 'vitest'
import { readAuthConfiguration } from '../../auth/configuration.ts'
import { goodClaims, nowMs, tenantId } from '../../auth/testing/issuer.ts'
import { tokenAuthentication } from '../../auth/tokenAuthentication.ts'
import { createTokenVerifier } from '../../auth/tokenVerifier.ts'
import { type Principal, rights } from '../../domain/principal.ts'
import { createHttpApp } from '../http/app.ts'
import { mcpRoutes } from './http.ts'
import { type AuthorizationServer, authorizationServer } from './testing/authorizationServer.ts'
import { anna, recording } from './testing/recording.ts'
import { webRequest } from './webRequest.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

test('from nothing but the URL, the client discovers the issuer, gets a token for this server, and calls', async () => {
  const { calls, connect, issuer } = await serving()
  const user = new User()

  await expect(connect(user)).rejects.toThrow(UnauthorizedError)
  expect(user.sentTo?.origin).toBe(issuer.issuer)
  expect(user.sentTo?.searchParams.get('scope')).toBe('caliber:read caliber:write')
  await user.agree()
  const client = await connect(user)
  await client.callTool({ name: 'memory_search', arguments: { query: 'x' } })

  expect(calls).toMatchObject([{ operation: 'memory.search', principal: { tenantId, rights: ['read', 'write'] } }])
})

test('a token of too small a scope is refused with the scope to ask for, and the client asks for it', async () => {
  const { calls, connect, issuer } = await serving()
  const user = new User()
  issuer.grants = ['caliber:read']
  await expect(connect(user)).rejects.toThrow(UnauthorizedError)
  await user.agree()
  const reader = await connect(user)
  await reader.callTool({ name: 'memory_search', arguments: { query: 'x' } })

  issuer.grants = ['caliber:read', 'caliber:write']
  const note = { name: 'note_record', arguments: { subject: 's', content: 'c' } }
  await expect(reader.callTool(note)).rejects.toThrow(UnauthorizedError)
  expect(user.sentTo?.searchParams.get('scope')).toBe('caliber:read caliber:write')
  await user.agree()
  await reader.callTool(note)

  expect(calls.map(({ operation, principal }) => [operation, principal?.rights])).toEqual([
    ['memory.search', ['read']],
    ['note.record', ['read', 'write']],
  ])
})

test('a token that the same issuer made for another server gets nowhere', async () => {
  const other = await serving()
  const ours = await serving(other.issuer)
  const user = new User()
  await expect(other.connect(user)).rejects.toThrow(UnauthorizedError)
  await user.agree()
  await other.connect(user)

  const refused = await ours.post(user.tokens()?.access_token ?? '')
  expect(refused.status).toBe(401)
  expect(refused.headers.get('www-authenticate')).toContain('error="invalid_token"')
  expect(ours.logged.join('')).toContain('aud does not contain this server')
})

test('the credential stops here: no call, no log line and no request of ours carries it', async () => {
  const { calls, connect, issuer, logged, post } = await serving()
  const user = new User()
  await expect(connect(user)).rejects.toThrow(UnauthorizedError)
  await user.agree()
  const token = user.tokens()?.access_token ?? ''
  const client = await connect(user)
  await client.callTool({ name: 'memory_search', arguments: { query: 'x' } })
  await client.callTool({ name: 'memory_search', arguments: { query: 'defect' } })
  await post(`${token}x`)

  expect(calls).toHaveLength(2)
  expect(logged.join('')).toContain('token refused')
  expect(issuer.received.join('\n')).toContain('GET /keys')
  const signature = token.split('.')[2]
  expect(signature).toMatch(/^.{86}$/)
  for (const said of [JSON.stringify(calls), logged.join(''), issuer.received.join('\n')]) {
    expect(said).not.toContain(signature)
  }
})

test('what the SDK is given of a request holds neither token nor cookie', async () => {
  const app = Fastify()
  app.post('/', async (request, reply) => [...webRequest(request, reply).headers])

  const headers = { authorization: 'Bearer secret', Cookie: 'a=secret', 'mcp-protocol-version': '2025-11-25' }
  const reply = await app.inject({ method: 'POST', url: '/', headers })

  expect(reply.json()).toContainEqual(['mcp-protocol-version', '2025-11-25'])
  expect(reply.body).not.toContain('secret')
})

async function serving(known?: AuthorizationServer) {
  const issuer = known ?? (await authorizationServer())
  closing.push(() => issuer.close())
  // The resource is named by its URL, so the port is taken before there is anything to serve.
  const server = http.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => server.close())
  const address = server.address()
  const resource = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/mcp`
  const issuers = [{ issuer: issuer.issuer, jwksUrl: `${issuer.issuer}/keys`, algorithms: ['ES256'] }]
  const auth = readAuthConfiguration(JSON.stringify({ resource, issuers }), 'auth.json')

  const verify = createTokenVerifier(auth, () => new Date(nowMs))
  const user: Principal = { tenantId, principalId: anna.principalId, rights }
  const authenticate = tokenAuthentication(verify, async ({ subject }) =>
    subject === goodClaims.sub ? user : undefined,
  )
  const { calls, dispatch } = recording()
  const logged: string[] = []
  const log = { level: 'trace', stream: { write: (line: string) => void logged.push(line) } }
  const app = await createHttpApp({ dispatch, authenticate, log, auth })
  await app.register(mcpRoutes({ dispatch, authenticate, version: '9.9.9' }))
  await app.ready()
  server.on('request', app.routing)
  closing.push(() => app.close())
  closing.push(() => server.closeAllConnections())

  return {
    calls,
    issuer,
    logged,
    async connect(user: User) {
      const client = new Client({ name: 'test', version: '1' })
      user.transport = new StreamableHTTPClientTransport(new URL(resource), { authProvider: user })
      await client.connect(user.transport)
      closing.push(() => client.close())
      return client
    },
    post(token: string) {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
      return fetch(resource, { method: 'POST', headers, body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' })
    },
  }
}

/** Somebody at a browser who agrees to whatever the issuer asks, and the memory of their client. */
class User implements OAuthClientProvider {
  readonly redirectUrl = 'http://127.0.0.1:9/callback'
  readonly clientMetadata = { redirect_uris: [this.redirectUrl], client_name: 'test' }
  sentTo: URL | undefined
  transport: StreamableHTTPClientTransport | undefined
  #client: StoredOAuthClientInformation | undefined
  #tokens: StoredOAuthTokens | undefined
  #verifier = ''
  #discovery: OAuthDiscoveryState | undefined

  async agree(): Promise<void> {
    const answer = await fetch(this.sentTo ?? '', { redirect: 'manual' })
    const back = new URL(answer.headers.get('location') ?? '')
    await this.transport?.finishAuth(back.searchParams)
  }

  clientInformation = () => this.#client
  saveClientInformation = (client: StoredOAuthClientInformation) => void (this.#client = client)
  tokens = () => this.#tokens
  saveTokens = (tokens: StoredOAuthTokens) => void (this.#tokens = tokens)
  redirectToAuthorization = (url: URL) => void (this.sentTo = url)
  saveCodeVerifier = (verifier: string) => void (this.#verifier = verifier)
  codeVerifier = () => this.#verifier
  discoveryState = () => this.#discovery
  saveDiscoveryState = (state: OAuthDiscoveryState) => void (this.#discovery = state)
}
