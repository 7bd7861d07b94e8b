import { z } from 'zod'
import { trajectoryColumns } from '../../db/columns.ts'
import { json } from '../../db/sql.ts'
import { limits } from '../../domain/limits.ts'
import { notWritable } from '../../domain/notFound.ts'
import { assertTransition, assertVersion } from '../../domain/states.ts'
import type { Trajectory } from '../../domain/trajectory.ts'
import { only } from '../only.ts'
import { operation } from '../operation.ts'
import { expectedVersion, id, text } from '../schema.ts'
import { trajectory } from './entity.ts'

export const finishTrajectory = operation({
  name: 'trajectory.finish',
  http: 'POST /v1/trajectories/{trajectoryId}/finish',
  summary: 'Finish a trajectory and say what came of it. That is final.',
  example: { trajectoryId: '01890a5d-ac96-774b-bcce-b302099a8057', status: 'completed', summary: 'Live since Monday.' },
  input: z.strictObject({
    trajectoryId: id('trajectory'),
    status: z.enum(['completed', 'failed']),
    summary: text(limits.goalChars).optional().describe('What came of it.'),
    version: expectedVersion,
  }),
  output: trajectory,
  effect: 'write',
  needs: 'write',
  mcp: true,
  idempotent: false,

  async run({ sql, emit }, { trajectoryId, status, summary, version }) {
    const [current] = await sql<Trajectory>`
      select ${trajectoryColumns} from caliber.trajectory
      where tenant_id = caliber.current_tenant() and id = ${trajectoryId} for update`
    if (!current) {
      throw notWritable(
        'trajectory',
        trajectoryId,
        await sql`select 1 from caliber.trajectory where tenant_id = caliber.current_tenant() and id = ${trajectoryId}`,
      )
    }
    assertVersion('trajectory', trajectoryId, current.version, version)
    assertTransition('trajectory', trajectoryId, current.status, status)
    emit({ kind: 'trajectory.finished', subjectId: trajectoryId, regionId: current.regionId, data: { status } })
    return only(
      await sql<Trajectory>`
        update caliber.trajectory
        set status = ${status}, outcome = ${json({ status, summary: summary ?? null })}, version = version + 1,
            updated_at = clock_timestamp()
        where tenant_id = caliber.current_tenant() and id = ${trajectoryId}
        returning ${trajectoryColumns}`,
    )
  },
})
