/** The tenant's event log: appended by writers as their last act, read in order by everybody else. */
import type { Change, Event } from '../domain/event.ts'
import type { TenantId } from '../domain/ids.ts'
import { eventColumns } from './columns.ts'
import { json, type Sql } from './sql.ts'

/** The channel of the doorbell. */
export const doorbell = 'caliber_event'

/** What a ring says: this tenant's log has grown to at least this entry. What happened is in the log alone. */
export function readRing(payload: string): { tenantId: TenantId; seq: number } | undefined {
  const [, tenantId, seq] = /^([0-9a-f-]{36}) (\d{1,15})$/.exec(payload) ?? []
  return tenantId === undefined ? undefined : { tenantId, seq: Number(seq) }
}

/**
 * Append changes to the log and ring the doorbell, in the caller's transaction.
 *
 * Call it last: it locks the tenant's head row until the transaction ends, which is what makes seq gapless and equal
 * to commit order. The database chains the entries (0012_chain.sql) and counts what they brought.
 *
 * @returns the sequence number of the last entry
 * @throws CaliberError `quota_exceeded`
 */
export async function appendEvents(sql: Sql, changes: readonly Change[]): Promise<number> {
  const [row] = await sql<{ seq: number }>`select caliber.append_events(${json(changes)}) as seq`
  return row?.seq ?? 0
}

/** The sequence number of the newest entry; 0 for an empty log. */
export async function headSeq(sql: Sql): Promise<number> {
  const [row] = await sql<{ seq: number }>`
    select seq from caliber.event_head where tenant_id = caliber.current_tenant()`
  return row?.seq ?? 0
}

/** The entries after `seq`, oldest first. */
export async function eventsAfter(sql: Sql, seq: number, limit: number): Promise<readonly Event[]> {
  return sql<Event>`
    select ${eventColumns} from caliber.event
    where tenant_id = caliber.current_tenant() and seq > ${seq} order by seq limit ${limit}`
}
