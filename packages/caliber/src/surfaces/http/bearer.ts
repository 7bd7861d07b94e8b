import { CaliberError } from '../../domain/errors.ts'

/**
 * Read an API key from an `Authorization` header.
 *
 * @throws CaliberError `unauthenticated` when there is none
 */
export function bearerKey(authorization: string | undefined): string {
  const [, key] = /^bearer +([\x21-\x7e]+)$/i.exec(authorization ?? '') ?? []
  if (key !== undefined) return key
  throw new CaliberError(
    'unauthenticated',
    authorization === undefined
      ? 'This operation needs a credential. Send an API key: Authorization: Bearer cal_…'
      : 'The Authorization header must be: Bearer, a space, and an API key.',
  )
}
