import type { PrincipalId, RegionId } from './ids.ts'

/** What may happen to a tenant's memory. Add, never rename: consumers and stored logs know these names. */
export const eventKinds = [
  'tenant.created',
  'tenant.limited',
  'tenant.retained',
  'tenant.suspended',
  'tenant.resumed',
  'principal.added',
  'principal.changed',
  'key.issued',
  'key.revoked',
  'region.created',
  'region.granted',
  'region.revoked',
  'lock.acquired',
  'lock.extended',
  'lock.released',
  'trajectory.started',
  'trajectory.finished',
  'scope.opened',
  'scope.closed',
  'turns.appended',
  'artifact.revised',
  'note.recorded',
  'note.superseded',
  'note.retracted',
  'conflict.found',
  'conflict.escalated',
  'conflict.resolved',
  'memory.forgotten',
  'memory.revoked',
  'memory.restored',
  'sweep.ran',
] as const
export type EventKind = (typeof eventKinds)[number]

/** A change as an operation reports it; the log adds sequence, principal and time. */
export interface Change {
  readonly kind: EventKind
  /** Id of what changed. */
  readonly subjectId: string
  /** Where it changed: whoever may not read the region does not see the event. Null for what concerns the whole tenant. */
  readonly regionId: RegionId | null
  /** Ids and counts, never content. */
  readonly data: Readonly<Record<string, string | number | boolean | null>>
}

/** One entry of a tenant's log. */
export interface Event extends Change {
  /** Gapless, in commit order, from 1. */
  readonly seq: number
  readonly principalId: PrincipalId
  readonly at: string
}
