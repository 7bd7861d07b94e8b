import { findConflicts } from '../conflict/find.ts'
import { operation } from '../operation.ts'
import { newNote, note } from './entity.ts'
import { placeOfNote, sameNote, storeNote } from './insert.ts'

export const recordNote = operation({
  name: 'note.record',
  http: 'POST /v1/notes',
  summary: 'Record a note: something worth knowing beyond this trajectory.',
  example: { type: 'preference', subject: 'commit messages', content: 'Present tense, no emojis.' },
  input: newNote,
  output: note,
  effect: 'write',
  needs: 'write',
  mcp: true,
  idempotent: false,

  async run(context, fields) {
    const regionId = await placeOfNote(context, fields)
    // Who recalled a note may offer it again as something new.
    const known = await sameNote(context.sql, regionId, fields)
    if (known) return known
    const recorded = await storeNote(context, regionId, fields)
    context.emit({
      kind: 'note.recorded',
      subjectId: recorded.noteId,
      regionId: recorded.regionId,
      data: { type: recorded.type },
    })
    await findConflicts(context, recorded)
    return recorded
  },
})
