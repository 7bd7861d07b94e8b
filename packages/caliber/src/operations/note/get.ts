import { z } from 'zod'
import { noteColumns } from '../../db/columns.ts'
import type { Note } from '../../domain/note.ts'
import { notFound } from '../../domain/notFound.ts'
import { operation } from '../operation.ts'
import { id } from '../schema.ts'
import { note } from './entity.ts'

export const getNote = operation({
  name: 'note.get',
  http: 'GET /v1/notes/{noteId}',
  summary: 'Get one note, live or not.',
  example: { noteId: '01890a5d-ac96-774b-bcce-b302099a8057' },
  input: z.strictObject({ noteId: id('note') }),
  output: note,
  effect: 'read',
  needs: 'read',
  mcp: true,
  idempotent: true,

  async run({ sql }, { noteId }) {
    const [found] = await sql<Note>`
      select ${noteColumns} from caliber.note where tenant_id = caliber.current_tenant() and id = ${noteId}`
    if (!found) throw notFound('note', noteId)
    return found
  },
})
