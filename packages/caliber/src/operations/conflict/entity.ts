import { z } from 'zod'
import { conflictColumns } from '../../db/columns.ts'
import type { Sql } from '../../db/sql.ts'
import { type Conflict, strategies } from '../../domain/conflict.ts'
import { notWritable } from '../../domain/notFound.ts'
import { id } from '../schema.ts'

export const conflict = z.strictObject({
  conflictId: id('conflict'),
  regionId: id('region'),
  olderId: id('note').describe('The note that was there.'),
  newerId: id('note').describe('The note that contradicts it.'),
  finding: z.string().describe('What the judge said.'),
  status: z.enum(['open', 'escalated', 'resolved']),
  strategy: z
    .enum(strategies)
    .exclude(['escalate'])
    .nullable()
    .describe('Null while it is open, and where one of its notes ended by itself.'),
  reason: z.string().nullable(),
  version: z.int(),
  foundAt: z.string(),
  resolvedAt: z.string().nullable(),
})

/** Lock a conflict until the transaction ends. @throws CaliberError `not_found` */
export async function lockConflict(sql: Sql, conflictId: string): Promise<Conflict> {
  const [found] = await sql<Conflict>`
    select ${conflictColumns} from caliber.conflict
    where tenant_id = caliber.current_tenant() and id = ${conflictId} for no key update`
  if (found) return found
  throw notWritable(
    'conflict',
    conflictId,
    await sql`select 1 from caliber.conflict where tenant_id = caliber.current_tenant() and id = ${conflictId}`,
  )
}
