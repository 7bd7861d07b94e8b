import { findConflicts } from '../conflict/find.ts'
import { operation } from '../operation.ts'
import { newNote, note } from './entity.ts'
import { insertNote } from './insert.ts'

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
    const recorded = await insertNote(context, fields)
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
