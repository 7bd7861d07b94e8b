import { z } from 'zod'
import { trajectoryColumns } from '../../db/columns.ts'
import type { Sql } from '../../db/sql.ts'
import { notFound } from '../../domain/notFound.ts'
import { states } from '../../domain/states.ts'
import type { Trajectory } from '../../domain/trajectory.ts'
import { id } from '../schema.ts'

export const trajectoryStatus = z.enum(
  Object.keys(states.trajectory) as [Trajectory['status'], ...Trajectory['status'][]],
)

export const trajectory = z.strictObject({
  trajectoryId: id('trajectory'),
  regionId: id('region'),
  parentId: z.uuid().nullable().describe('Id of the parent trajectory; null also where you may not read it.'),
  name: z.string(),
  goal: z.string().nullable(),
  status: trajectoryStatus,
  outcome: z.strictObject({ status: z.enum(['completed', 'failed']), summary: z.string().nullable() }).nullable(),
  version: z.int(),
  createdBy: z.uuid(),
  createdAt: z.string(),
  updatedAt: z.string(),
})

/** @throws CaliberError `not_found` */
export async function findTrajectory(sql: Sql, trajectoryId: string): Promise<Trajectory> {
  const [found] = await sql<Trajectory>`
    select ${trajectoryColumns} from caliber.trajectory
    where tenant_id = caliber.current_tenant() and id = ${trajectoryId}`
  if (!found) throw notFound('trajectory', trajectoryId)
  return found
}
