import { z } from 'zod'
import { limits } from '../../domain/limits.ts'
import { assertTransition, assertVersion } from '../../domain/states.ts'
import { findConflicts } from '../conflict/find.ts'
import { operation } from '../operation.ts'
import { expectedVersion, id, text } from '../schema.ts'
import { endNote } from './end.ts'
import { lockNote, newNote, note } from './entity.ts'
import { insertNote } from './insert.ts'

export const supersedeNote = operation({
  name: 'note.supersede',
  http: 'POST /v1/notes/{noteId}/supersede',
  summary: 'Replace a note by a newer one; the old one stays readable and enters no context.',
  example: {
    noteId: '01890a5d-ac96-774b-bcce-b302099a8057',
    content: 'The service runs in Stockholm.',
    reason: 'moved on 1 May',
  },
  input: newNote
    .omit({ regionId: true })
    .partial()
    .extend({
      noteId: id('note to replace'),
      content: text(limits.noteChars),
      reason: text(limits.reasonChars).optional().describe('Why the old one no longer holds.'),
      version: expectedVersion,
      // What is left out is taken from the old note, so these lose the defaults of a new one.
      level: newNote.shape.level.unwrap().optional(),
      confidence: newNote.shape.confidence.unwrap().optional(),
      trust: newNote.shape.trust.unwrap().optional(),
      pinned: newNote.shape.pinned.unwrap().optional(),
      type: newNote.shape.type.unwrap().optional(),
      sources: newNote.shape.sources.unwrap().optional(),
    })
    .strict(),
  output: z.strictObject({ note, superseded: note }),
  effect: 'write',
  needs: 'write',
  mcp: true,
  idempotent: false,

  async run(context, { noteId, reason, version, ...changes }) {
    const old = await lockNote(context.sql, noteId)
    assertVersion('note', noteId, old.version, version)
    assertTransition('note', noteId, old.status, 'superseded')
    const replacement = await insertNote(context, {
      type: changes.type ?? old.type,
      subject: changes.subject ?? old.subject,
      content: changes.content,
      level: changes.level ?? old.level,
      confidence: changes.confidence ?? old.confidence,
      trust: changes.trust ?? old.trust,
      pinned: changes.pinned ?? old.pinned,
      sources: changes.sources ?? [],
      regionId: old.regionId,
      trajectoryId: changes.trajectoryId ?? old.trajectoryId ?? undefined,
      validFrom: changes.validFrom,
      validUntil: changes.validUntil,
    })
    const superseded = await endNote(context, old, { status: 'superseded', by: replacement.noteId }, reason ?? null)
    await findConflicts(context, replacement)
    return { note: replacement, superseded }
  },
})
