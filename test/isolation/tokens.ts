/** An issuer of tokens (JWT) that the server is configured for, and tokens of it that are good or wrong in one way. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { readAuthConfiguration } from './product.ts'

export interface Issuer {
  readonly auth: ReturnType<typeof readAuthConfiguration>
  readonly privateKey: KeyObject
}

export const issuerUrl = 'https://issuer.example'
const resource = 'https://memory.example/mcp'

export function newIssuer(): Issuer {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'key', alg: 'ES256' }] }
  const configuration = { resource, issuers: [{ issuer: issuerUrl, algorithms: ['ES256'], jwks }] }
  return { auth: readAuthConfiguration(JSON.stringify(configuration), 'auth.json'), privateKey }
}

/** A token for a subject in a tenant. @param wrong claims and header parameters that are not as they should be */
export function tokenFor(
  { privateKey }: Issuer,
  { subject, tenantId }: { readonly subject: string; readonly tenantId: string },
  wrong: { readonly claims?: object; readonly header?: object } = {},
): string {
  const nowSeconds = Math.floor(Date.now() / 1000)
  const claims = {
    iss: issuerUrl,
    sub: subject,
    aud: resource,
    iat: nowSeconds,
    nbf: nowSeconds,
    exp: nowSeconds + 24 * 3600,
    scope: 'caliber:read caliber:write',
    caliber_tenant: tenantId,
  }
  const header = { alg: 'ES256', typ: 'at+jwt', kid: 'key', ...wrong.header }
  const said = `${encoded(header)}.${encoded({ ...claims, ...wrong.claims })}`
  if (header.alg === 'none') return `${said}.`
  return `${said}.${sign('sha256', Buffer.from(said), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

const encoded = (fields: object) => Buffer.from(JSON.stringify(fields)).toString('base64url')
