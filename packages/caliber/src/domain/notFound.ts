import { CaliberError } from './errors.ts'

/**
 * The error for a row that could not be locked for a change.
 *
 * @param seen what reading it without a lock found: something, where its region is open for reading alone
 */
export function notWritable(noun: string, id: string, seen: readonly object[]): CaliberError {
  if (seen.length === 0) return notFound(noun, id)
  return new CaliberError(
    'forbidden',
    `The ${noun} ${id} lies in a region that you may read and not write. Ask the region's owner for a write grant.`,
    { noun, id },
  )
}

/** The error for an id that names nothing of this tenant's. Says the same for "never was" and "not yours". */
export function notFound(noun: string, id: string): CaliberError {
  return new CaliberError('not_found', `There is no ${noun} ${id}. Check the id.`, { noun, id })
}
