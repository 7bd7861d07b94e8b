/** What is kept for a time that is known when it is stored. Each function deletes one batch and says how many rows it was. */
import type { Sql } from '../../db/sql.ts'
import { limits } from '../../domain/limits.ts'

/** Answers kept for repeated requests. */
export async function sweepAnswers(sql: Sql): Promise<number> {
  const answers = await sql`
    delete from caliber.idempotency
    where tenant_id = caliber.current_tenant() and ctid = any (array(
      select ctid from caliber.idempotency
      where tenant_id = caliber.current_tenant() and expires_at <= clock_timestamp() limit ${limits.rowsPerSweep}))
    returning 1`
  return answers.length
}

/** What models were asked so long ago that nobody asks for the count. Days are counted in UTC, as they were written. */
export async function sweepUsage(sql: Sql): Promise<number> {
  const usage = await sql`
    delete from caliber.usage
    where tenant_id = caliber.current_tenant() and ctid = any (array(
      select ctid from caliber.usage
      where tenant_id = caliber.current_tenant()
        and day < (clock_timestamp() at time zone 'UTC')::date - ${limits.usageRetentionDays}::integer
      limit ${limits.rowsPerSweep}))
    returning 1`
  return usage.length
}

/** Receipts of windows: those that are old, and of more than are kept the oldest. */
export async function sweepWindows(sql: Sql): Promise<number> {
  const windows = await sql`
    delete from caliber.context_window
    where tenant_id = caliber.current_tenant() and id = any (array(
      select id from caliber.context_window
      where tenant_id = caliber.current_tenant()
        and (created_at <= clock_timestamp() - make_interval(days => ${limits.windowRetentionDays})
             or created_at < (select created_at from caliber.context_window
                              where tenant_id = caliber.current_tenant()
                              order by created_at desc offset ${limits.windowsKept - 1} limit 1))
      order by created_at limit ${limits.rowsPerSweep}))
    returning 1`
  return windows.length
}
