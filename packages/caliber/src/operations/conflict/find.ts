import { limits } from '../../domain/limits.ts'
import type { Note } from '../../domain/note.ts'
import type { WriteContext } from '../operation.ts'

/** Compare a new note with the live ones on its subject in its region, and record each conflict. Report the note first. */
export async function findConflicts({ sql, newId, emit, judge }: WriteContext, newer: Note): Promise<void> {
  const { noteId: newerId, regionId, subject } = newer
  const others = await sql<Pick<Note, 'noteId' | 'subject' | 'content' | 'validFrom' | 'validUntil'>>`
    select id as "noteId", subject, content, valid_from as "validFrom", valid_until as "validUntil"
    from caliber.note
    where tenant_id = caliber.current_tenant() and region_id = ${regionId} and lower(subject) = lower(${subject})
      and status = 'live' and id <> ${newerId}
      and not exists (select from caliber.quarantine q where q.tenant_id = caliber.current_tenant() and q.item_id = note.id)
    order by id desc limit ${limits.notesCompared}`
  for (const { noteId: olderId, ...older } of others) {
    const { verdict, reason } = judge(older, newer)
    if (verdict !== 'contradicts') continue
    const conflictId = newId()
    await sql`
      insert into caliber.conflict (tenant_id, id, region_id, older_id, newer_id, finding, status)
      values (caliber.current_tenant(), ${conflictId}, ${regionId}, ${olderId}, ${newerId}, ${reason.slice(0, limits.reasonChars)}, 'open')`
    emit({ kind: 'conflict.found', subjectId: conflictId, regionId, data: { olderId, newerId } })
  }
}
