import { z } from 'zod'
import { regionColumns } from '../../db/columns.ts'
import type { Region } from '../../domain/region.ts'
import { operation } from '../operation.ts'
import { cutPage, page, pageAfter, pageLimit } from '../schema.ts'
import { region } from './entity.ts'

export const listRegions = operation({
  name: 'region.list',
  http: 'GET /v1/regions',
  summary: 'List the regions that you may read, newest first.',
  example: { limit: 20 },
  input: z.strictObject({ limit: pageLimit, after: pageAfter('region') }),
  output: page(region),
  effect: 'read',
  needs: 'read',
  mcp: true,
  idempotent: true,

  async run({ sql }, { limit, after }) {
    const rows = await sql<Region>`
      select ${regionColumns} from caliber.region
      where tenant_id = caliber.current_tenant() and (${after ?? null}::uuid is null or id < ${after ?? null})
      order by id desc limit ${limit + 1}`
    return cutPage(rows, limit, (row) => row.regionId)
  },
})
