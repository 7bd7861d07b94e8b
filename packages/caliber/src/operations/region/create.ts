import { z } from 'zod'
import { regionColumns } from '../../db/columns.ts'
import { CaliberError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import { type Region, regionKinds, writeRules } from '../../domain/region.ts'
import { only } from '../only.ts'
import { operation } from '../operation.ts'
import { text } from '../schema.ts'
import { region } from './entity.ts'

export const createRegion = operation({
  name: 'region.create',
  http: 'POST /v1/regions',
  summary: 'Create a region of your own: an area with its own readers and writers.',
  example: { name: 'release notes', kind: 'team' },
  input: z.strictObject({
    name: text(200),
    kind: z
      .enum(regionKinds)
      .describe(
        'private: you alone. team: you and whom you grant. public: read by all, written like a team. ' +
          'collaborative: read and written by all.',
      ),
    writeRule: z
      .enum(writeRules)
      .optional()
      .describe("lock: writes need the fence of the region's lock. Default: lock for collaborative ones, else free."),
  }),
  output: region,
  effect: 'write',
  needs: 'write',
  reach: 'tenant',
  mcp: true,
  idempotent: false,

  async run({ sql, newId, emit }, { name, kind, writeRule = kind === 'collaborative' ? 'lock' : 'free' }) {
    const { regions } = only(
      await sql<{ regions: number }>`
        select count(*) as regions from caliber.region where tenant_id = caliber.current_tenant()`,
    )
    if (regions >= limits.regionsPerTenant) {
      throw new CaliberError('quota_exceeded', `The tenant has ${regions} regions, which is the most.`, { regions })
    }
    const created = only(
      await sql<Region>`
        insert into caliber.region (tenant_id, id, name, kind, write_rule, owner_id)
        values (caliber.current_tenant(), ${newId()}, ${name}, ${kind}, ${writeRule}, caliber.current_principal())
        returning ${regionColumns}`,
    )
    emit({
      kind: 'region.created',
      subjectId: created.regionId,
      regionId: created.regionId,
      data: { kind, writeRule, ownerId: created.ownerId },
    })
    return created
  },
})
