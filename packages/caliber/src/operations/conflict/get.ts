import { z } from 'zod'
import { conflictColumns } from '../../db/columns.ts'
import type { Conflict } from '../../domain/conflict.ts'
import { notFound } from '../../domain/notFound.ts'
import { operation } from '../operation.ts'
import { id } from '../schema.ts'
import { conflict } from './entity.ts'

export const getConflict = operation({
  name: 'conflict.get',
  http: 'GET /v1/conflicts/{conflictId}',
  summary: 'Get a conflict: its two notes, what the judge said, and how it ended.',
  example: { conflictId: '01890a5d-ac96-774b-bcce-b302099a8057' },
  input: z.strictObject({ conflictId: id('conflict') }),
  output: conflict,
  effect: 'read',
  needs: 'read',
  mcp: false,
  idempotent: true,

  async run({ sql }, { conflictId }) {
    const [found] = await sql<Conflict>`
      select ${conflictColumns} from caliber.conflict where tenant_id = caliber.current_tenant() and id = ${conflictId}`
    if (!found) throw notFound('conflict', conflictId)
    return found
  },
})
