import type { Sql } from '../../db/sql.ts'
import { assertItems } from './assertItems.ts'

/**
 * Ids of what an item was made from and of what was made from it, at any distance. Lineage shows a session the rows of what it may
 * read, so the way ends at an item that is closed to it.
 *
 * @throws CaliberError `not_found` for an item that is not there or not open to the session
 */
export async function linkedItems(sql: Sql, itemId: string): Promise<ReadonlySet<string>> {
  await assertItems(sql, [itemId])
  // Where many items come of one, the planner takes each for such a one, and would read the whole table for every step.
  await sql`select set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true)`
  const rows = await sql<{ id: string }>`
    with recursive source (id) as (
      select ${itemId}::uuid
      union
      select step.id from source cross join lateral (
        select l.source_id as id from caliber.lineage l
        where l.tenant_id = caliber.current_tenant() and l.derived_id = source.id offset 0) as step
    ), derived (id) as (
      select ${itemId}::uuid
      union
      select step.id from derived cross join lateral (
        select l.derived_id as id from caliber.lineage l
        where l.tenant_id = caliber.current_tenant() and l.source_id = derived.id offset 0) as step
    )
    select id from source union select id from derived`
  return new Set(rows.map(({ id }) => id).filter((id) => id !== itemId))
}
