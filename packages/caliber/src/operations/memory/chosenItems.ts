import { type Sql, uuids } from '../../db/sql.ts'
import { notFound } from '../../domain/notFound.ts'
import { findTrajectory } from '../trajectory/entity.ts'
import { assertItems } from './assertItems.ts'

/** What may be said of items that are meant: what fits any of it is chosen, within the region where one is named. */
export interface Selectors {
  readonly items?: readonly string[] | undefined
  readonly trajectoryId?: string | undefined
  readonly source?: string | undefined
  readonly subject?: string | undefined
  /** Beside others it narrows them; alone it chooses. Ids are meant whatever their time. */
  readonly before?: string | undefined
  readonly regionId?: string | undefined
}

export interface Chosen {
  readonly itemIds: readonly string[]
  /** Trajectories that are meant as a whole, their parts among them. */
  readonly trajectoryIds: readonly string[]
}

/**
 * Find the items that are meant: the ids wherever the session reads them, the rest where it may write.
 *
 * @throws CaliberError `not_found` for an id, a trajectory or a transcript that the session does not see
 */
export async function chosenItems(sql: Sql, selectors: Selectors): Promise<Chosen> {
  const { items = [], subject, before, regionId } = selectors
  await assertItems(sql, items)
  const trajectoryIds = await wholeTrajectories(sql, selectors)
  const isTimed = before !== undefined && trajectoryIds.length === 0 && subject === undefined
  const rows = await sql<{ id: string }>`
    select id from (
      select t.id, t.region_id, s.trajectory_id, null as subject, t.said_at as at from caliber.turn t
      join caliber.scope s on s.tenant_id = t.tenant_id and s.id = t.scope_id where t.tenant_id = caliber.current_tenant()
      union all
      select id, region_id, trajectory_id, null, updated_at from caliber.artifact where tenant_id = caliber.current_tenant()
      union all
      select id, region_id, trajectory_id, subject, recorded_at from caliber.note where tenant_id = caliber.current_tenant()
    ) as item
    where id = any(${uuids(items)})
       or (trajectory_id = any(${uuids(trajectoryIds)}) or subject = ${subject ?? null} or ${isTimed})
          and (${before ?? null}::timestamptz is null or at < ${before ?? null})
          and (${regionId ?? null}::uuid is null or region_id = ${regionId ?? null})
          and region_id = any ((select caliber.open_regions(true))::uuid[])`
  return { itemIds: rows.map(({ id }) => id), trajectoryIds: before === undefined ? trajectoryIds : [] }
}

async function wholeTrajectories(sql: Sql, { trajectoryId, source, regionId }: Selectors): Promise<readonly string[]> {
  if (trajectoryId !== undefined) await findTrajectory(sql, trajectoryId)
  const rows = await sql<{ id: string; named: boolean }>`
    with recursive whole (id) as (
      select id from caliber.trajectory
      where tenant_id = caliber.current_tenant()
        and (id = ${trajectoryId ?? null} or source_key in (${source ?? null}, caliber.forgotten_name(${source ?? null})))
        and (${regionId ?? null}::uuid is null or region_id = ${regionId ?? null})
      union
      select part.id from whole join caliber.trajectory part
        on part.tenant_id = caliber.current_tenant() and part.parent_id = whole.id
    )
    select id from whole`
  if (source !== undefined && rows.length === 0) throw notFound('transcript', source)
  return rows.map(({ id }) => id)
}
