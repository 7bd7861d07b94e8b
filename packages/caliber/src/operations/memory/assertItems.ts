import { type Sql, uuids } from '../../db/sql.ts'
import { notFound } from '../../domain/notFound.ts'

/** @throws CaliberError `not_found` for an item that is not there or not open to the session */
export async function assertItems(sql: Sql, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  const rows = await sql<{ id: string }>`
    select id from caliber.turn where tenant_id = caliber.current_tenant() and id = any(${uuids(ids)})
    union all select id from caliber.artifact where tenant_id = caliber.current_tenant() and id = any(${uuids(ids)})
    union all select id from caliber.note where tenant_id = caliber.current_tenant() and id = any(${uuids(ids)})`
  const found = new Set(rows.map(({ id }) => id))
  const missing = ids.find((id) => !found.has(id.toLowerCase()))
  if (missing !== undefined) throw notFound('item', missing)
}
