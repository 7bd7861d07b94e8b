import { z } from 'zod'
import { trajectoryColumns } from '../../db/columns.ts'
import type { Sql } from '../../db/sql.ts'
import { CaliberError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import { notFound } from '../../domain/notFound.ts'
import { commonRegionOf } from '../../domain/tenant.ts'
import type { Trajectory } from '../../domain/trajectory.ts'
import { only } from '../only.ts'
import { operation } from '../operation.ts'
import { writableRegion } from '../region/entity.ts'
import { id, text } from '../schema.ts'
import { trajectory } from './entity.ts'

export const startTrajectory = operation({
  name: 'trajectory.start',
  http: 'POST /v1/trajectories',
  summary: 'Start a trajectory: a goal that scopes, turns and artifacts belong to.',
  example: { name: 'Move billing to the new provider', goal: 'No customer notices.' },
  input: z.strictObject({
    name: text(limits.nameChars).describe('What it is called in lists.'),
    goal: text(limits.goalChars).optional().describe('What is achieved when it is completed.'),
    parentId: id('trajectory this one is a part of').optional(),
    regionId: id('region to keep it in')
      .optional()
      .describe("The parent's where left out; the common one without a parent."),
  }),
  output: trajectory,
  effect: 'write',
  needs: 'write',
  mcp: true,
  idempotent: false,

  async run({ sql, newId, emit, principal }, { name, goal, parentId, regionId: asked }) {
    const parent = parentId === undefined ? undefined : await findParent(sql, parentId)
    const regionId = await writableRegion(sql, asked ?? parent?.regionId ?? commonRegionOf(principal.tenantId))
    const depth = parent === undefined ? 0 : parent.depth + 1
    if (depth >= limits.trajectoryDepth) {
      throw new CaliberError(
        'conflict',
        `Trajectory ${parentId} lies ${depth - 1} levels deep and can have no parts. Attach to one above it.`,
        { parentId, limit: limits.trajectoryDepth },
      )
    }
    const started = only(
      await sql<Trajectory>`
        insert into caliber.trajectory (tenant_id, id, region_id, parent_id, depth, name, goal, status, created_by)
        values (caliber.current_tenant(), ${newId()}, ${regionId}, ${parentId ?? null}, ${depth}, ${name}, ${goal ?? null}, 'active',
                caliber.current_principal())
        returning ${trajectoryColumns}`,
    )
    emit({
      kind: 'trajectory.started',
      subjectId: started.trajectoryId,
      regionId,
      data: { parentId: started.parentId },
    })
    return started
  },
})

async function findParent(sql: Sql, trajectoryId: string): Promise<{ depth: number; regionId: string }> {
  const [found] = await sql<{ depth: number; regionId: string }>`
    select depth, region_id as "regionId" from caliber.trajectory where tenant_id = caliber.current_tenant() and id = ${trajectoryId}`
  if (!found) throw notFound('trajectory', trajectoryId)
  return found
}
