import { z } from 'zod'
import { conflictColumns } from '../../db/columns.ts'
import type { Conflict } from '../../domain/conflict.ts'
import { operation } from '../operation.ts'
import { cutPage, id, page, pageAfter, pageLimit } from '../schema.ts'
import { conflict } from './entity.ts'

export const listConflicts = operation({
  name: 'conflict.list',
  http: 'GET /v1/conflicts',
  summary: 'List notes that contradict each other, newest first; unresolved ones unless you ask for others.',
  example: { limit: 20 },
  input: z.strictObject({
    noteId: id('note that is one side').optional(),
    status: z.enum(['unresolved', 'open', 'escalated', 'resolved', 'any']).default('unresolved'),
    limit: pageLimit,
    after: pageAfter('conflict'),
  }),
  output: page(conflict),
  effect: 'read',
  needs: 'read',
  mcp: false,
  idempotent: true,

  async run({ sql }, { noteId, status, limit, after }) {
    const rows = await sql<Conflict>`
      select ${conflictColumns} from caliber.conflict
      where tenant_id = caliber.current_tenant()
        and (${noteId ?? null}::uuid is null or older_id = ${noteId ?? null} or newer_id = ${noteId ?? null})
        and (${status} = 'any' or status = ${status} or ${status} = 'unresolved' and status <> 'resolved')
        and (${after ?? null}::uuid is null or id < ${after ?? null})
      order by id desc limit ${limit + 1}`
    return cutPage(rows, limit, (row) => row.conflictId)
  },
})
