import { z } from 'zod'
import { principalColumns } from '../../db/columns.ts'
import { operation } from '../operation.ts'
import { cutPage, page, pageAfter, pageLimit } from '../schema.ts'
import { principal, type StoredPrincipal } from './entity.ts'

export const listPrincipals = operation({
  name: 'principal.list',
  http: 'GET /v1/principals',
  summary: "List the tenant's principals, newest first.",
  example: { limit: 20 },
  input: z.strictObject({ limit: pageLimit, after: pageAfter('principal') }),
  output: page(principal),
  effect: 'read',
  needs: 'admin',
  mcp: false,
  idempotent: true,

  async run({ sql }, { limit, after }) {
    const rows = await sql<StoredPrincipal>`
      select ${principalColumns} from caliber.principal
      where tenant_id = caliber.current_tenant() and (${after ?? null}::uuid is null or id < ${after ?? null})
      order by id desc limit ${limit + 1}`
    return cutPage(rows, limit, (row) => row.principalId)
  },
})
