import { z } from 'zod'
import { principalColumns } from '../../db/columns.ts'
import type { Sql } from '../../db/sql.ts'
import { CaliberError } from '../../domain/errors.ts'
import { notFound } from '../../domain/notFound.ts'
import { type Principal, principalKinds, type Right, rights } from '../../domain/principal.ts'
import { id } from '../schema.ts'

export const right = z.enum(rights)

export const principal = z.strictObject({
  principalId: id('principal'),
  kind: z.enum(principalKinds),
  name: z.string(),
  rights: z.array(right).describe('The most that a credential of this principal may carry.'),
  disabledAt: z.string().nullable(),
  createdAt: z.string(),
})

/** A principal as it is stored. */
export interface StoredPrincipal {
  readonly principalId: string
  readonly kind: (typeof principalKinds)[number]
  readonly name: string
  readonly rights: readonly Right[]
  readonly disabledAt: string | null
  readonly createdAt: string
}

/** @throws CaliberError `not_found` */
export async function findPrincipal(sql: Sql, principalId: string): Promise<StoredPrincipal> {
  const [found] = await sql<StoredPrincipal>`
    select ${principalColumns} from caliber.principal where tenant_id = caliber.current_tenant() and id = ${principalId}`
  if (!found) throw notFound('principal', principalId)
  return found
}

/** A credential only ever narrows. @throws CaliberError `forbidden` naming the rights that are not there to give */
export function assertWithin(asked: readonly Right[], has: readonly Right[], whose: string): void {
  const beyond = asked.filter((right) => !has.includes(right))
  if (beyond.length === 0) return
  throw new CaliberError(
    'forbidden',
    `${whose} has no right to ${beyond.join(' or ')}, so nothing made from it can. Ask for less.`,
    { beyond, has },
  )
}

/** @throws CaliberError `forbidden` for a change of one's own standing, which could shut everybody out */
export function assertNotSelf({ principalId }: Principal, other: string): void {
  if (principalId !== other) return
  throw new CaliberError('forbidden', 'A principal cannot change its own rights. Let another administrator do it.')
}
