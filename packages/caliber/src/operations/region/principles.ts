import { z } from 'zod'
import { operation } from '../operation.ts'
import { atLeastSeq, id } from '../schema.ts'
import { summary } from '../summary.ts'

export const regionPrinciples = operation({
  name: 'region.principles',
  http: 'GET /v1/regions/{regionId}/principles',
  summary: 'Say what recurs over the trajectories of a region; it is kept true as turns come and go.',
  example: { regionId: '01890a5d-ac96-774b-bcce-b302099a8057' },
  input: z.strictObject({ regionId: id('region'), atLeastSeq }),
  output: summary,
  effect: 'recall',
  needs: 'read',
  mcp: false,
  idempotent: true,

  async run({ memory }, { regionId, atLeastSeq: seq }) {
    return (await memory(seq)).principlesOf(regionId)
  },
})
