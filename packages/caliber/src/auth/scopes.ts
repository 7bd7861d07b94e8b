import { type Right, rights } from '../domain/principal.ts'

/** A right as an OAuth scope: `caliber:read`. */
export function scopeOf(right: Right): string {
  return `caliber:${right}`
}

/** The rights among the scopes of a token; scopes of other servers mean nothing here. */
export function rightsIn(scope: string): readonly Right[] {
  const given = new Set(scope.split(' '))
  return rights.filter((right) => given.has(scopeOf(right)))
}
