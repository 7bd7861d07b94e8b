import type { WriteContext } from '../operation.ts'

/** End the conflicts of a note that ended: what remains of them contradicts nothing. */
export async function settleConflicts({ sql, emit }: WriteContext, noteId: string): Promise<void> {
  const settled = await sql<{ conflictId: string; regionId: string }>`
    update caliber.conflict set status = 'resolved', resolved_at = clock_timestamp(), version = version + 1
    where tenant_id = caliber.current_tenant() and (older_id = ${noteId} or newer_id = ${noteId}) and status <> 'resolved'
    returning id as "conflictId", region_id as "regionId"`
  for (const { conflictId, regionId } of settled) {
    emit({ kind: 'conflict.resolved', subjectId: conflictId, regionId, data: {} })
  }
}
