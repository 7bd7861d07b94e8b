import type { Sql } from '../../db/sql.ts'
import { CaliberError } from '../../domain/errors.ts'

/**
 * Assert that texts read as of an event may still be kept something of. Under `holdLineage` it stays so until the transaction ends.
 *
 * @throws CaliberError `conflict` when something was forgotten since: it may be one of them
 */
export async function assertNothingForgotten(sql: Sql, seq: number): Promise<void> {
  const [forgotten] = await sql`
    select 1 from caliber.event
    where tenant_id = caliber.current_tenant() and seq > ${seq} and kind = 'memory.forgotten' limit 1`
  if (forgotten) throw new CaliberError('conflict', 'Something was forgotten meanwhile. Read the texts again.', { seq })
}
