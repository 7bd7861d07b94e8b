import { z } from 'zod'
import { keyColumns } from '../../db/columns.ts'
import { operation } from '../operation.ts'
import { cutPage, id, page, pageAfter, pageLimit } from '../schema.ts'
import { apiKey, type StoredKey } from './entity.ts'

export const listKeys = operation({
  name: 'key.list',
  http: 'GET /v1/keys',
  summary: "List the tenant's API keys, newest first. Never the keys themselves.",
  example: { limit: 20 },
  input: z.strictObject({
    principalId: id('principal whose keys to list').optional(),
    limit: pageLimit,
    after: pageAfter('key'),
  }),
  output: page(apiKey),
  effect: 'read',
  needs: 'admin',
  reach: 'tenant',
  mcp: false,
  idempotent: true,

  async run({ sql }, { principalId, limit, after }) {
    const rows = await sql<StoredKey>`
      select ${keyColumns} from caliber.api_key
      where tenant_id = caliber.current_tenant() and (${principalId ?? null}::uuid is null or principal_id = ${principalId ?? null})
        and (${after ?? null}::uuid is null or id < ${after ?? null})
      order by id desc limit ${limit + 1}`
    return cutPage(rows, limit, (row) => row.keyId)
  },
})
