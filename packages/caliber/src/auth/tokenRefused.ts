import { CaliberError } from '../domain/errors.ts'

/**
 * Refuse a token: the same answer for every kind of wrong one, so that trying teaches nothing.
 *
 * @param reason for the log alone, as the cause of the error; it never holds the token
 */
export function tokenRefused(reason: string, cause?: unknown): CaliberError {
  return new CaliberError(
    'unauthenticated',
    'The token is not valid here. Get a new one from its issuer.',
    {},
    new Error(`token refused: ${reason}`, cause === undefined ? undefined : { cause }),
  )
}
