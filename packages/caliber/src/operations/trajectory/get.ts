import { z } from 'zod'
import { operation } from '../operation.ts'
import { id } from '../schema.ts'
import { findTrajectory, trajectory } from './entity.ts'

export const getTrajectory = operation({
  name: 'trajectory.get',
  http: 'GET /v1/trajectories/{trajectoryId}',
  summary: 'Get one trajectory.',
  example: { trajectoryId: '01890a5d-ac96-774b-bcce-b302099a8057' },
  input: z.strictObject({ trajectoryId: id('trajectory') }),
  output: trajectory,
  effect: 'read',
  needs: 'read',
  mcp: true,
  idempotent: true,

  async run({ sql }, { trajectoryId }) {
    return findTrajectory(sql, trajectoryId)
  },
})
