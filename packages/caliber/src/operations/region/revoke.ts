import { z } from 'zod'
import { operation } from '../operation.ts'
import { id } from '../schema.ts'
import { grant, grantableRegion } from './grants.ts'

export const revokeRegion = operation({
  name: 'region.revoke',
  http: 'POST /v1/regions/{regionId}/grants/{principalId}/revoke',
  summary: 'Take back what a region grants to a principal.',
  example: { regionId: '01890a5d-ac96-774b-bcce-b302099a8057', principalId: '01890a5d-ac96-774b-bcce-b302099a8058' },
  input: z.strictObject({ regionId: id('region'), principalId: id('principal') }),
  output: grant,
  effect: 'write',
  needs: 'write',
  reach: 'tenant',
  mcp: false,
  idempotent: true,

  async run({ sql, emit, principal }, { regionId, principalId }) {
    await grantableRegion(sql, principal, regionId)
    const taken = await sql`
      delete from caliber.region_grant
      where tenant_id = caliber.current_tenant() and region_id = ${regionId} and principal_id = ${principalId}
      returning 1`
    if (taken.length > 0) emit({ kind: 'region.revoked', subjectId: regionId, regionId, data: { principalId } })
    return { regionId, principalId, access: null }
  },
})
