/**
 * Tell a client how to come by a credential that fits: `WWW-Authenticate` (RFC 6750 §3, RFC 9728 §5.1).
 *
 * Without issuers in the configuration there are only API keys, and nothing more to say than that one is needed.
 */
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { ProtectedResource } from '../../auth/protectedResource.ts'
import { scopeOf } from '../../auth/scopes.ts'
import type { CaliberError } from '../../domain/errors.ts'
import { type Right, tenantRights } from '../../domain/principal.ts'

const resourceKey = 'protectedResource'

/** Let the refusals of an app say how to get in. Once per app, before its routes. */
export function challengeWith(app: FastifyInstance, resource: ProtectedResource | undefined): void {
  app.decorate(resourceKey, resource)
}

/** @returns undefined where there are no issuers */
export function protectedResourceAt({ server }: FastifyReply): ProtectedResource | undefined {
  return server.getDecorator<ProtectedResource | undefined>(resourceKey)
}

/** The header of a refusal; none for one that no credential would change. */
export function challengeOf(error: CaliberError, reply: FastifyReply): Readonly<Record<string, string>> {
  const parameters = parametersOf(error, reply)
  if (!parameters) return {}
  const all = { realm: 'caliber', ...parameters }
  const written = Object.entries(all).map(([name, value]) => `${name}="${value}"`)
  return { 'www-authenticate': `Bearer ${written.join(', ')}` }
}

function parametersOf({ code, detail }: CaliberError, reply: FastifyReply): Record<string, string> | undefined {
  const resource = protectedResourceAt(reply)
  if (code === 'unauthenticated') {
    if (!resource) return {}
    const { metadataUrl, usualRights } = resource
    const brought = /^bearer /i.test(reply.request.headers.authorization ?? '')
    return {
      ...(brought && { error: 'invalid_token' }),
      scope: scopesOf(usualRights),
      resource_metadata: metadataUrl,
    }
  }
  const { needs, has } = detail
  if (code !== 'forbidden' || !resource || !isRight(needs)) return undefined
  // With what the token has already: a client that asks for the new one alone would lose the others.
  const held = Array.isArray(has) ? has.filter(isRight) : []
  const wanted = tenantRights.filter((right) => right === needs || held.includes(right))
  return { error: 'insufficient_scope', scope: scopesOf(wanted), resource_metadata: resource.metadataUrl }
}

function scopesOf(wanted: readonly Right[]): string {
  return wanted.map(scopeOf).join(' ')
}

/** One that a token can give. */
function isRight(value: unknown): value is Right {
  return tenantRights.some((right) => right === value)
}
