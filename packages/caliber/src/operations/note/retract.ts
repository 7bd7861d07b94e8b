import { z } from 'zod'
import { noteColumns } from '../../db/columns.ts'
import { limits } from '../../domain/limits.ts'
import type { Note } from '../../domain/note.ts'
import { assertTransition, assertVersion } from '../../domain/states.ts'
import { only } from '../only.ts'
import { operation } from '../operation.ts'
import { expectedVersion, id, text } from '../schema.ts'
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

  async run({ sql, emit }, { noteId, reason, version }) {
    const current = await lockNote(sql, noteId)
    assertVersion('note', noteId, current.version, version)
    assertTransition('note', noteId, current.status, 'retracted')
    emit({ kind: 'note.retracted', subjectId: noteId, regionId: current.regionId, data: {} })
    return only(
      await sql<Note>`
        update caliber.note set status = 'retracted', reason = ${reason}, version = version + 1
        where tenant_id = caliber.current_tenant() and id = ${noteId}
        returning ${noteColumns}`,
    )
  },
})
