/** Delete what has outlived its time: answers kept for repeated requests, and receipts of windows. */
import { appendEvents } from '../../db/eventLog.ts'
import { type Claims, inSession } from '../../db/session.ts'
import type { Database } from '../../db/sql.ts'
import { limits } from '../../domain/limits.ts'

/** Sweep one tenant. A run that deleted something is an event. @returns rows deleted */
export async function sweepTenant(database: Database, claims: Claims): Promise<number> {
  return inSession(database, claims, async (sql) => {
    const answers = await sql`
      delete from caliber.idempotency
      where tenant_id = caliber.current_tenant() and expires_at <= clock_timestamp() returning key`
    const windows = await sql`
      delete from caliber.context_window
      where tenant_id = caliber.current_tenant()
        and (created_at <= clock_timestamp() - make_interval(days => ${limits.windowRetentionDays})
             or created_at < (select created_at from caliber.context_window
                              where tenant_id = caliber.current_tenant()
                              order by created_at desc offset ${limits.windowsKept - 1} limit 1))
      returning id`
    const deleted = answers.length + windows.length
    if (deleted > 0) {
      await appendEvents(sql, [
        {
          kind: 'sweep.ran',
          subjectId: claims.tenantId,
          data: { answers: answers.length, windows: windows.length },
        },
      ])
    }
    return deleted
  })
}
