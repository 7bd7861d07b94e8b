import { CaliberError } from '../domain/errors.ts'
import type { Principal } from '../domain/principal.ts'
import type { AnyOperation } from './operation.ts'

/** Refuse an operation to a credential that lacks the right it needs. @throws CaliberError `forbidden` */
export function assertRight({ name, needs }: AnyOperation, { rights }: Principal): void {
  if (needs === 'none' || rights.includes(needs)) return
  throw new CaliberError('forbidden', `${name} needs the right "${needs}", which this credential lacks.`, {
    needs,
    has: rights,
  })
}
