import { z } from 'zod'
import { regionColumns } from '../../db/columns.ts'
import type { Sql } from '../../db/sql.ts'
import { notFound, notWritable } from '../../domain/notFound.ts'
import { type Region, regionKinds, writeRules } from '../../domain/region.ts'
import { id } from '../schema.ts'

export const region = z.strictObject({
  regionId: id('region'),
  name: z.string(),
  kind: z.enum(regionKinds),
  writeRule: z.enum(writeRules),
  ownerId: id('principal that owns it').nullable(),
  createdAt: z.string(),
})

/** @throws CaliberError `not_found` for a region that is not there or not open to the session */
export async function findRegion(sql: Sql, regionId: string): Promise<Region> {
  const [found] = await sql<Region>`
    select ${regionColumns} from caliber.region where tenant_id = caliber.current_tenant() and id = ${regionId}`
  if (!found) throw notFound('region', regionId)
  return found
}

/** Check that the session may write to a region. @returns its id @throws CaliberError `not_found`, `forbidden` */
export async function writableRegion(sql: Sql, regionId: string): Promise<string> {
  const [open] = await sql<{ writable: boolean }>`
    select ${regionId} = any (caliber.open_regions(true)) as writable`
  if (open?.writable) return regionId
  await findRegion(sql, regionId)
  throw notWritable('region', regionId, [{}])
}
