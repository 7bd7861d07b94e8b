import type { Sql } from './sql.ts'

/**
 * Keep the tenant's lineage as it is until the transaction ends (0015_forgetting.sql): nothing is forgotten meanwhile.
 *
 * Call it before locking rows of content. What is forgotten holds the lineage first and rows after, so whoever does it the
 * other way round can end in a deadlock with it.
 */
export async function holdLineage(sql: Sql): Promise<void> {
  await sql`select caliber.hold_lineage()`
}
