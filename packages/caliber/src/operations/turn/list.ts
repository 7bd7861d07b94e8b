import { z } from 'zod'
import { turnColumns } from '../../db/columns.ts'
import { notFound } from '../../domain/notFound.ts'
import type { Turn } from '../../domain/turn.ts'
import { operation } from '../operation.ts'
import { id, pageLimit, quarantined } from '../schema.ts'
import { turn } from './entity.ts'

export const listTurns = operation({
  name: 'turn.list',
  http: 'GET /v1/scopes/{scopeId}/turns',
  summary: 'List the turns of a scope in the order they were said.',
  example: { scopeId: '01890a5d-ac96-774b-bcce-b302099a8057', limit: 20 },
  input: z.strictObject({
    scopeId: id('scope'),
    quarantined,
    limit: pageLimit,
    afterSequence: z.int().min(0).max(2_147_483_647).default(0).describe('The "next" of the page before.'),
  }),
  output: z.strictObject({ items: z.array(turn), next: z.int().nullable() }),
  effect: 'read',
  needs: 'read',
  mcp: true,
  idempotent: true,

  async run({ sql }, { scopeId, quarantined, limit, afterSequence }) {
    const [scope] = await sql<{ turnCount: number }>`
      select turn_count as "turnCount" from caliber.scope where tenant_id = caliber.current_tenant() and id = ${scopeId}`
    if (!scope) throw notFound('scope', scopeId)
    const items = await sql<Turn>`
      select ${turnColumns} from caliber.turn
      where tenant_id = caliber.current_tenant() and scope_id = ${scopeId} and sequence > ${afterSequence}
        and (${quarantined} or not exists (
          select from caliber.quarantine q where q.tenant_id = caliber.current_tenant() and q.item_id = turn.id))
      order by sequence limit ${limit}`
    const last = items.at(-1)?.sequence
    return { items, next: last !== undefined && last < scope.turnCount ? last : null }
  },
})
