import { CaliberError } from './errors.ts'

/** The error for an id that names nothing of this tenant's. Says the same for "never was" and "not yours". */
export function notFound(noun: string, id: string): CaliberError {
  return new CaliberError('not_found', `There is no ${noun} ${id}. Check the id.`, { noun, id })
}
