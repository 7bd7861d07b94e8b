import { z } from 'zod'
import { scopeColumns } from '../../db/columns.ts'
import type { Scope } from '../../domain/scope.ts'
import { operation } from '../operation.ts'
import { cutPage, id, page, pageAfter, pageLimit } from '../schema.ts'
import { scope } from './entity.ts'

export const listScopes = operation({
  name: 'scope.list',
  http: 'GET /v1/scopes',
  summary: 'List scopes, newest first.',
  example: { limit: 10 },
  input: z.strictObject({
    trajectoryId: id('trajectory whose scopes to list').optional(),
    limit: pageLimit,
    after: pageAfter('scope'),
  }),
  output: page(scope),
  effect: 'read',
  needs: 'read',
  mcp: true,
  idempotent: true,

  async run({ sql }, { trajectoryId, limit, after }) {
    const rows = await sql<Scope>`
      select ${scopeColumns} from caliber.scope
      where tenant_id = caliber.current_tenant()
        and (${trajectoryId ?? null}::uuid is null or trajectory_id = ${trajectoryId ?? null})
        and (${after ?? null}::uuid is null or id < ${after ?? null})
      order by id desc limit ${limit + 1}`
    return cutPage(rows, limit, (row) => row.scopeId)
  },
})
