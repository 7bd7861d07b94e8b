import { z } from 'zod'
import { operation } from '../operation.ts'
import { id } from '../schema.ts'
import { findRegion, region } from './entity.ts'

export const getRegion = operation({
  name: 'region.get',
  http: 'GET /v1/regions/{regionId}',
  summary: 'Get one region.',
  example: { regionId: '01890a5d-ac96-774b-bcce-b302099a8057' },
  input: z.strictObject({ regionId: id('region') }),
  output: region,
  effect: 'read',
  needs: 'read',
  mcp: true,
  idempotent: true,

  run: ({ sql }, { regionId }) => findRegion(sql, regionId),
})
