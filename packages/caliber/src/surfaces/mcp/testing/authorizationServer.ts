/**
 * The least that an authorization server is: discovery (RFC 8414), registration (RFC 7591), a code bound to its client by
 * PKCE (RFC 7636) and to its resource (RFC 8707), tokens and keys. It speaks the real wire and says yes to everybody.
 */
import { createHash, randomUUID } from 'node:crypto'
import http from 'node:http'
import { text } from 'node:stream/consumers'
import { goodClaims, signed, type TestKey, testKey } from '../../../auth/testing/issuer.ts'

export interface AuthorizationServer {
  readonly issuer: string
  /** What anybody sent here, to look through for what should not have been sent. */
  readonly received: string[]
  /** Scopes given to whoever asks for them. */
  grants: readonly string[]
  close(): void
}

type Fields = Readonly<Record<string, string>>
type Answer = { readonly status: number; readonly headers?: http.OutgoingHttpHeaders; readonly body?: unknown }

export async function authorizationServer(): Promise<AuthorizationServer> {
  const key = testKey()
  const codes = new Map<string, Fields>()
  const received: string[] = []
  const server = http.createServer(async (request, response) => {
    const body = await text(request)
    received.push(`${request.method} ${request.url}\n${request.rawHeaders.join('\n')}\n${body}`)
    const url = new URL(request.url ?? '/', self.issuer)
    const { status, headers, body: answer } = answered(url, body)
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(answer === undefined ? undefined : JSON.stringify(answer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const self = {
    issuer: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    received,
    grants: ['caliber:read', 'caliber:write', 'caliber:admin'] as readonly string[],
    close() {
      server.closeAllConnections()
      server.close()
    },
  }

  const answered = ({ pathname, searchParams }: URL, body: string): Answer => {
    const query: Fields = Object.fromEntries(searchParams)
    if (pathname === '/.well-known/oauth-authorization-server') return { status: 200, body: discovery(self.issuer) }
    if (pathname === '/keys') return { status: 200, body: { keys: [key.jwk] } }
    if (pathname === '/register') {
      return { status: 201, body: { ...JSON.parse(body), client_id: randomUUID(), token_endpoint_auth_method: 'none' } }
    }
    if (pathname === '/authorize' && query['code_challenge_method'] === 'S256') {
      const code = randomUUID()
      codes.set(code, query)
      const back = new URLSearchParams({ code, state: query['state'] ?? '', iss: self.issuer })
      return { status: 302, headers: { location: `${query['redirect_uri']}?${back}` } }
    }
    if (pathname === '/token') {
      const given: Fields = Object.fromEntries(new URLSearchParams(body))
      const asked = codes.get(given['code'] ?? '')
      codes.delete(given['code'] ?? '')
      return asked && isSame(asked, given)
        ? { status: 200, body: tokens(key, self.issuer, asked, self.grants) }
        : { status: 400, body: { error: 'invalid_grant' } }
    }
    return { status: 404 }
  }
  return self
}

function discovery(issuer: string): object {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    registration_endpoint: `${issuer}/register`,
    jwks_uri: `${issuer}/keys`,
    response_types_supported: ['code'],
    grant_types_supported: ['authorization_code'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none'],
    authorization_response_iss_parameter_supported: true,
  }
}

function isSame(asked: Fields, given: Fields): boolean {
  const challenge = createHash('sha256')
    .update(given['code_verifier'] ?? '')
    .digest('base64url')
  return (
    challenge === asked['code_challenge'] &&
    given['client_id'] === asked['client_id'] &&
    given['redirect_uri'] === asked['redirect_uri'] &&
    given['resource'] === asked['resource']
  )
}

function tokens(key: TestKey, issuer: string, { resource, scope = '' }: Fields, grants: readonly string[]): object {
  const granted = scope
    .split(' ')
    .filter((name) => grants.includes(name))
    .join(' ')
  const access = signed(key, { ...goodClaims, iss: issuer, aud: resource, scope: granted })
  return { access_token: access, token_type: 'Bearer', expires_in: 300, scope: granted }
}
