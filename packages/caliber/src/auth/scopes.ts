import { type Right, tenantRights } from '../domain/principal.ts'

/** A right as an OAuth scope: `caliber:read`. */
export function scopeOf(right: Right): string {
  return `caliber:${right}`
}

/** The rights among the scopes of a token. Scopes of other servers mean nothing here, and no issuer makes an operator. */
export function rightsIn(scope: string): readonly Right[] {
  const given = new Set(scope.split(' '))
  return tenantRights.filter((right) => given.has(scopeOf(right)))
}
