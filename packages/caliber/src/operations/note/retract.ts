import { z } from 'zod'
import { limits } from '../../domain/limits.ts'
import { assertVersion } from '../../domain/states.ts'
import { operation } from '../operation.ts'
import { expectedVersion, id, text } from '../schema.ts'
import { endNote } from './end.ts'
import { lockNote, note } from './entity.ts'

export const retractNote = operation({
  name: 'note.retract',
  http: 'POST /v1/notes/{noteId}/retract',
  summary: 'Retract a note that was wrong; it stays readable and enters no context.',
  example: { noteId: '01890a5d-ac96-774b-bcce-b302099a8057', reason: 'misheard' },
  input: z.strictObject({
    noteId: id('note'),
    reason: text(limits.reasonChars).describe('Why it should never have been recorded.'),
    version: expectedVersion,
  }),
  output: note,
  effect: 'write',
  needs: 'write',
  mcp: true,
  idempotent: false,

  async run(context, { noteId, reason, version }) {
    const current = await lockNote(context.sql, noteId)
    assertVersion('note', noteId, current.version, version)
    return endNote(context, current, { status: 'retracted' }, reason)
  },
})
