import { z } from 'zod'
import { limits } from '../../domain/limits.ts'
import { operation } from '../operation.ts'
import { id } from '../schema.ts'
import { lease, type modes } from './entity.ts'

export const listLocks = operation({
  name: 'lock.list',
  http: 'GET /v1/locks',
  summary: 'List the leases that hold now, in the regions that you may read.',
  example: {},
  input: z.strictObject({ regionId: id('region').optional() }),
  output: z.strictObject({ items: z.array(lease).describe(`At most ${limits.pageItems}, by region and resource.`) }),
  effect: 'read',
  needs: 'read',
  mcp: true,
  idempotent: true,

  async run({ sql }, { regionId }) {
    const items = await sql<{
      regionId: string
      resource: string
      mode: (typeof modes)[number]
      holderId: string
      fence: number
      until: string
    }>`
      select region_id as "regionId", resource, mode, holder_id as "holderId", fence, until
      from (
        select tenant_id, region_id, resource, 'exclusive' as mode, holder_id, fence, until from caliber.lock
        where holder_id is not null
        union all
        select tenant_id, region_id, resource, 'shared', holder_id, fence, until from caliber.lock_share
      ) as held
      where tenant_id = caliber.current_tenant() and until > clock_timestamp()
        and (${regionId ?? null}::uuid is null or region_id = ${regionId ?? null})
      order by region_id, resource, fence limit ${limits.pageItems}`
    return { items }
  },
})
