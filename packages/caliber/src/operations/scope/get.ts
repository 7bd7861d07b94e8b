import { z } from 'zod'
import { scopeColumns } from '../../db/columns.ts'
import { notFound } from '../../domain/notFound.ts'
import type { Scope } from '../../domain/scope.ts'
import { operation } from '../operation.ts'
import { id } from '../schema.ts'
import { scope } from './entity.ts'

export const getScope = operation({
  name: 'scope.get',
  http: 'GET /v1/scopes/{scopeId}',
  summary: 'Get one scope with its token usage.',
  example: { scopeId: '01890a5d-ac96-774b-bcce-b302099a8057' },
  input: z.strictObject({ scopeId: id('scope') }),
  output: scope,
  effect: 'read',
  needs: 'read',
  mcp: true,
  idempotent: true,

  async run({ sql }, { scopeId }) {
    const [found] = await sql<Scope>`
      select ${scopeColumns} from caliber.scope where tenant_id = caliber.current_tenant() and id = ${scopeId}`
    if (!found) throw notFound('scope', scopeId)
    return found
  },
})
