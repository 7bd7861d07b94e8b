import { z } from 'zod'
import { operation } from '../operation.ts'
import { atLeastSeq, id } from '../schema.ts'
import { summary } from '../summary.ts'

export const trajectorySummary = operation({
  name: 'trajectory.summary',
  http: 'GET /v1/trajectories/{trajectoryId}/summary',
  summary: 'Say in short what was said in the scopes of a trajectory; it is kept true as turns come and go.',
  example: { trajectoryId: '01890a5d-ac96-774b-bcce-b302099a8057' },
  input: z.strictObject({ trajectoryId: id('trajectory'), atLeastSeq }),
  output: summary,
  effect: 'recall',
  needs: 'read',
  mcp: false,
  idempotent: true,

  async run({ memory }, { trajectoryId, atLeastSeq: seq }) {
    return (await memory(seq)).summaryOfTrajectory(trajectoryId)
  },
})
