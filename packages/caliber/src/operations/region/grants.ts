import { z } from 'zod'
import type { Sql } from '../../db/sql.ts'
import { CaliberError } from '../../domain/errors.ts'
import { notFound } from '../../domain/notFound.ts'
import type { Principal } from '../../domain/principal.ts'
import { accesses, mayRead, type Region } from '../../domain/region.ts'
import { id } from '../schema.ts'
import { findRegion } from './entity.ts'

export const grant = z.strictObject({
  regionId: id('region'),
  principalId: id('principal'),
  access: z.enum(accesses).nullable().describe('Null where nothing is granted.'),
})

/**
 * A region that the caller may open to others: its own, or any for an administrator.
 *
 * The session reaches the whole tenant here, so what the caller may not see is refused as if it were not there.
 *
 * @throws CaliberError `not_found`, `forbidden`, `conflict` for a kind that takes no grants
 */
export async function grantableRegion(sql: Sql, principal: Principal, regionId: string): Promise<Region> {
  const region = await findRegion(sql, regionId)
  const { principalId } = principal
  if (region.ownerId !== principalId && !principal.rights.includes('admin')) {
    const granted = await sql`
      select 1 from caliber.region_grant
      where tenant_id = caliber.current_tenant() and region_id = ${regionId} and principal_id = ${principalId}`
    if (!mayRead({ ...region, grantsTo: () => granted.length > 0 }, principalId)) throw notFound('region', regionId)
    throw new CaliberError('forbidden', `Region ${regionId} is not yours. Ask its owner or an administrator.`, {
      regionId,
    })
  }
  if (region.kind === 'private' || region.kind === 'collaborative') {
    throw new CaliberError(
      'conflict',
      `Region ${regionId} is ${region.kind}, which takes no grants. Create a team or public region instead.`,
      { regionId, kind: region.kind },
    )
  }
  return region
}
