import { z } from 'zod'
import { scopeColumns } from '../../db/columns.ts'
import { holdLineage } from '../../db/holdLineage.ts'
import type { Sql } from '../../db/sql.ts'
import { CaliberError } from '../../domain/errors.ts'
import { notWritable } from '../../domain/notFound.ts'
import type { Scope } from '../../domain/scope.ts'
import { id } from '../schema.ts'

export const scope = z.strictObject({
  scopeId: id('scope'),
  regionId: id('region'),
  trajectoryId: id('trajectory'),
  name: z.string(),
  purpose: z.string().nullable(),
  budgetTokens: z.int(),
  status: z.enum(['open', 'closed']),
  turnCount: z.int(),
  usedTokens: z.int(),
  version: z.int(),
  createdAt: z.string(),
  closedAt: z.string().nullable(),
})

/** Lock a scope until the transaction ends, so that sequences and sums stay right. @throws CaliberError `not_found` */
export async function lockScope(sql: Sql, scopeId: string): Promise<Scope> {
  await holdLineage(sql)
  const [found] = await sql<Scope>`
    select ${scopeColumns} from caliber.scope
    where tenant_id = caliber.current_tenant() and id = ${scopeId} for update`
  if (found) return found
  throw notWritable(
    'scope',
    scopeId,
    await sql`select 1 from caliber.scope where tenant_id = caliber.current_tenant() and id = ${scopeId}`,
  )
}

/** @throws CaliberError `illegal_state` when the scope is closed */
export function assertOpen(scope: Scope): void {
  if (scope.status === 'open') return
  throw new CaliberError('illegal_state', `Scope ${scope.scopeId} is closed and takes no turns. Open a new one.`, {
    noun: 'scope',
    id: scope.scopeId,
    state: scope.status,
    legal: [],
  })
}
