/**
 * Translate what Postgres raises into the error table. The one place that reads SQLSTATEs.
 *
 * The server's message never travels on: it may hold SQL, values or names. It stays as `cause` for the log.
 */
import { CaliberError, type ErrorCode } from '../domain/errors.ts'

const byState: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  '23503': ['not_found', 'The change refers to an id that does not exist for this tenant. Check the ids you sent.'],
  '23505': ['conflict', 'Something with the same identity exists already. Read it, then decide.'],
  '40001': ['unavailable', 'Another transaction got in the way. Send the same request again.'],
  '40P01': ['unavailable', 'Another transaction got in the way. Send the same request again.'],
  '42501': ['forbidden', 'The database refused this to the application role.'],
  '53100': ['storage_full', 'The disk is full; nothing was written. Free some space and send the request again.'],
  '53200': ['unavailable', 'The database is out of memory for now. Send the same request again later.'],
  '53300': ['unavailable', 'The database has no free connection. Send the same request again later.'],
  CB001: [
    'unavailable',
    'The database does not know the key that this server signs its claims with. Run: caliber migrate',
  ],
  CB003: [
    'quota_exceeded',
    'The tenant stores as much as it may; nothing was written. Ask the operator for a higher limit.',
  ],
  CB004: [
    'forbidden',
    'What was derived from it lies in part in a region that you may not write; nothing was changed. Ask somebody who may.',
  ],
  CB005: [
    'integrity',
    'What is to be forgotten is not what the log says was written; nothing was changed. Run: caliber verify',
  ],
  '57014': ['timeout', 'The statement was stopped at its time limit; nothing was written.'],
  '57P01': ['unavailable', 'The database is shutting down. Send the same request again later.'],
  '57P03': ['unavailable', 'The database is starting. Send the same request again in a moment.'],
}

const connectionFailures = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOENT',
  'ETIMEDOUT',
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
])

/** Make a CaliberError of anything a driver threw. An unknown cause is `internal`, never passed through. */
export function fromPg(error: unknown): CaliberError {
  if (error instanceof CaliberError) return error
  const state = codeOf(error)
  if (state === 'CB002') return fenceStale(error)
  const known = byState[state]
  if (known) return new CaliberError(known[0], known[1], {}, error)
  if (connectionFailures.has(state)) {
    return new CaliberError(
      'unavailable',
      'The database cannot be reached. Check that it runs, then try again.',
      {},
      error,
    )
  }
  return new CaliberError('internal', 'The database refused a statement of ours. Please report this.', {}, error)
}

/** The trigger of 0011_lock.sql names the region, which is what the caller has to lock. */
function fenceStale(error: unknown): CaliberError {
  const regionId = /[0-9a-f-]{36}/.exec(error instanceof Error ? error.message : '')?.[0]
  return new CaliberError(
    'fence_stale',
    `Region ${regionId} is written under its lock alone. Acquire the lock, then send its fence with the write.`,
    { regionId },
    error,
  )
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return ''
  return typeof error.code === 'string' ? error.code : ''
}
