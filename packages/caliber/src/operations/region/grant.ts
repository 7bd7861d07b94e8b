import { z } from 'zod'
import { accesses } from '../../domain/region.ts'
import { operation } from '../operation.ts'
import { findPrincipal } from '../principal/entity.ts'
import { id } from '../schema.ts'
import { grant, grantableRegion } from './grants.ts'

export const grantRegion = operation({
  name: 'region.grant',
  http: 'PUT /v1/regions/{regionId}/grants/{principalId}',
  summary: 'Let a principal read, or read and write, a region.',
  example: {
    regionId: '01890a5d-ac96-774b-bcce-b302099a8057',
    principalId: '01890a5d-ac96-774b-bcce-b302099a8058',
    access: 'read',
  },
  input: z.strictObject({
    regionId: id('region'),
    principalId: id('principal'),
    access: z.enum(accesses).describe('write includes reading.'),
  }),
  output: grant,
  effect: 'write',
  needs: 'write',
  reach: 'tenant',
  mcp: false,
  idempotent: true,

  async run({ sql, emit, principal }, { regionId, principalId, access }) {
    await grantableRegion(sql, principal, regionId)
    await findPrincipal(sql, principalId)
    const changed = await sql`
      insert into caliber.region_grant as g (tenant_id, region_id, principal_id, access)
      values (caliber.current_tenant(), ${regionId}, ${principalId}, ${access})
      on conflict (tenant_id, region_id, principal_id) do update set access = excluded.access
        where g.access <> excluded.access
      returning 1`
    if (changed.length > 0) {
      emit({ kind: 'region.granted', subjectId: regionId, regionId, data: { principalId, access } })
    }
    return { regionId, principalId, access }
  },
})
