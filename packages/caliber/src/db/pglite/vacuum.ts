/**
 * What a server's autovacuum does and an engine without background processes does not: take back the room of rows that are gone,
 * and count what is there, so that statements are planned by it.
 */
import type { Database } from '../sql.ts'

/**
 * Vacuum and analyse the tables that have changed much, by autovacuum's own thresholds. One table at a time: what others ask waits
 * for no more than that.
 *
 * @param signal ends it after the table that it is at
 * @returns their names
 */
export async function vacuumChanged(database: Database, signal: AbortSignal): Promise<readonly string[]> {
  const changed = await database.transaction(
    (sql) => sql<{ name: string }>`
      select format('%I.%I', schemaname, relname) as name from pg_stat_user_tables
      where n_dead_tup > 50 + 0.2 * n_live_tup or n_mod_since_analyze > 50 + 0.1 * n_live_tup
      order by name`,
    { readOnly: true },
  )
  const names: string[] = []
  for (const { name } of changed) {
    if (signal.aborted) break
    await database.script(`vacuum (analyze) ${name}`)
    names.push(name)
  }
  return names
}
