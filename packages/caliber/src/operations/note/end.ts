import { noteColumns } from '../../db/columns.ts'
import type { Note } from '../../domain/note.ts'
import { assertTransition } from '../../domain/states.ts'
import { settleConflicts } from '../conflict/settle.ts'
import { only } from '../only.ts'
import type { WriteContext } from '../operation.ts'

/** How a note ends: another one takes its place, or it should never have been recorded. */
type End = { readonly status: 'superseded'; readonly by: string } | { readonly status: 'retracted' }

/**
 * End a live note that this transaction has locked, and with it the conflicts that it was part of.
 *
 * @throws CaliberError `illegal_state`
 */
export async function endNote(context: WriteContext, note: Note, end: End, reason: string | null): Promise<Note> {
  const { sql, emit } = context
  const { noteId, regionId } = note
  assertTransition('note', noteId, note.status, end.status)
  const by = end.status === 'superseded' ? end.by : null
  const ended = only(
    await sql<Note>`
      update caliber.note
      set status = ${end.status}, superseded_by = ${by}, reason = ${reason}, version = version + 1, ended_at = clock_timestamp()
      where tenant_id = caliber.current_tenant() and id = ${noteId}
      returning ${noteColumns}`,
  )
  emit({ kind: `note.${end.status}`, subjectId: noteId, regionId, data: by === null ? {} : { by } })
  await settleConflicts(context, noteId)
  return ended
}
