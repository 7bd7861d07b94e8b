import { z } from 'zod'
import { trajectoryColumns } from '../../db/columns.ts'
import type { Trajectory } from '../../domain/trajectory.ts'
import { operation } from '../operation.ts'
import { cutPage, id, page, pageAfter, pageLimit } from '../schema.ts'
import { trajectory, trajectoryStatus } from './entity.ts'

export const listTrajectories = operation({
  name: 'trajectory.list',
  http: 'GET /v1/trajectories',
  summary: 'List trajectories, newest first.',
  example: { status: 'active', limit: 10 },
  input: z.strictObject({
    status: trajectoryStatus.optional(),
    parentId: id('trajectory whose parts to list').optional(),
    limit: pageLimit,
    after: pageAfter('trajectory'),
  }),
  output: page(trajectory),
  effect: 'read',
  needs: 'read',
  mcp: true,
  idempotent: true,

  async run({ sql }, { status, parentId, limit, after }) {
    const rows = await sql<Trajectory>`
      select ${trajectoryColumns} from caliber.trajectory
      where tenant_id = caliber.current_tenant()
        and (${status ?? null}::text is null or status = ${status ?? null})
        and (${parentId ?? null}::uuid is null or parent_id = (
               select id from caliber.trajectory where tenant_id = caliber.current_tenant() and id = ${parentId ?? null}))
        and (${after ?? null}::uuid is null or id < ${after ?? null})
      order by id desc limit ${limit + 1}`
    return cutPage(rows, limit, (row) => row.trajectoryId)
  },
})
