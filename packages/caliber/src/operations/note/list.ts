import { z } from 'zod'
import { noteColumns } from '../../db/columns.ts'
import { limits } from '../../domain/limits.ts'
import { type Note, noteTypes } from '../../domain/note.ts'
import { operation } from '../operation.ts'
import { cutPage, page, pageAfter, pageLimit, quarantined, text } from '../schema.ts'
import { note } from './entity.ts'

export const listNotes = operation({
  name: 'note.list',
  http: 'GET /v1/notes',
  summary: 'List notes, newest first; live ones unless you ask for others.',
  example: { type: 'preference', limit: 20 },
  input: z.strictObject({
    type: z.enum(noteTypes).optional(),
    subject: text(limits.nameChars).optional(),
    status: z.enum(['live', 'superseded', 'retracted', 'any']).default('live'),
    quarantined,
    limit: pageLimit,
    after: pageAfter('note'),
  }),
  output: page(note),
  effect: 'read',
  needs: 'read',
  mcp: true,
  idempotent: true,

  async run({ sql }, { type, subject, status, quarantined, limit, after }) {
    const rows = await sql<Note>`
      select ${noteColumns} from caliber.note
      where tenant_id = caliber.current_tenant()
        and (${type ?? null}::text is null or type = ${type ?? null})
        and (${subject ?? null}::text is null or subject = ${subject ?? null})
        and (${status} = 'any' or status = ${status})
        and (${quarantined} or not exists (
          select from caliber.quarantine q where q.tenant_id = caliber.current_tenant() and q.item_id = note.id))
        and (${after ?? null}::uuid is null or id < ${after ?? null})
      order by id desc limit ${limit + 1}`
    return cutPage(rows, limit, (row) => row.noteId)
  },
})
