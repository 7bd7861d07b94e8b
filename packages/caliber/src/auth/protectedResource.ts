import { type Right, tenantRights } from '../domain/principal.ts'
import type { AuthConfiguration } from './configuration.ts'
import { scopeOf } from './scopes.ts'

/** This server as OAuth sees it, and how a client finds out (RFC 9728). */
export interface ProtectedResource {
  /** Where the metadata stands for the world, in front of any proxy. */
  readonly metadataUrl: string
  /** Where it is served here. */
  readonly metadataPaths: readonly string[]
  readonly metadata: Readonly<Record<string, unknown>>
  /** What a client that asks for nothing in particular should ask its issuer for. */
  readonly usualRights: readonly Right[]
}

const wellKnown = '/.well-known/oauth-protected-resource'

export function protectedResourceOf({ resource, issuers }: AuthConfiguration): ProtectedResource {
  const { origin, pathname } = new URL(resource)
  const ownPath = pathname === '/' ? '' : pathname
  return {
    metadataUrl: origin + wellKnown + ownPath,
    metadataPaths: [...new Set([wellKnown, `${wellKnown}/mcp`, wellKnown + ownPath])],
    metadata: {
      resource,
      authorization_servers: issuers.map(({ issuer }) => issuer),
      scopes_supported: tenantRights.map(scopeOf),
      bearer_methods_supported: ['header'],
      resource_name: 'Caliber',
    },
    usualRights: ['read', 'write'],
  }
}
