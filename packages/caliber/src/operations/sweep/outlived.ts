/**
 * What a tenant keeps for so long and no longer: turns of closed scopes, and notes that were superseded or retracted or do not hold
 * any more. It is erased as forgetting erases it, closures and receipts included.
 *
 * Unlike forgetting, retention takes nothing that somebody still has a use for: an item goes when everything that was derived
 * from it has outlived its time as well. Days are counted from midnight in UTC, so that there is something to erase once
 * a day: each memory makes its index anew after it.
 */
import { fragment, type Sql, uuids } from '../../db/sql.ts'
import { limits } from '../../domain/limits.ts'
import { type ErasedItem, type Erasure, eraseItems } from '../memory/eraseItems.ts'

/** Items past their time. Where a region asks for a lock nothing is erased without one, and a sweep holds none. */
const outlivedItems = fragment`
  select item.id from caliber.tenant policy
  cross join lateral (select date_trunc('day', clock_timestamp() at time zone 'UTC') at time zone 'UTC') as today (at)
  cross join lateral (
    select t.id, t.region_id from caliber.scope s join caliber.turn t on t.tenant_id = s.tenant_id and t.scope_id = s.id
    where s.tenant_id = policy.tenant_id and s.closed_at < today.at - make_interval(days => policy.turn_retention_days)
    union all
    select n.id, n.region_id from caliber.note n
    where n.tenant_id = policy.tenant_id
      and (n.ended_at < today.at - make_interval(days => policy.note_retention_days)
           or n.valid_until < today.at - make_interval(days => policy.note_retention_days))
  ) as item
  join caliber.region r on r.tenant_id = policy.tenant_id and r.id = item.region_id and r.write_rule = 'free'
  where policy.tenant_id = caliber.current_tenant()`

/** Erase one batch. @returns how many items of each kind went */
export async function eraseOutlived(
  context: Pick<Erasure, 'sql' | 'newId' | 'emit'>,
): Promise<{ readonly turns: number; readonly notes: number }> {
  const { sql } = context
  const chosenIds = await choose(sql)
  const items = chosenIds.length === 0 ? [] : await closureOf(sql, chosenIds)
  if (items.length > 0) {
    await eraseItems({ ...context, items, chosenIds, trajectoryIds: [], reason: 'retention' })
  }
  const turns = items.filter(({ kind }) => kind === 'turn').length
  return { turns, notes: items.length - turns }
}

/** Items from which nothing was derived that is still kept. The versions of a note count as one. */
async function choose(sql: Sql): Promise<readonly string[]> {
  const rows = await sql<{ id: string }>`
    with outlived as materialized (${outlivedItems})
    select o.id from outlived o
    where not exists (
      with recursive walk (item) as (
        select o.id
        union
        select next.item from walk cross join lateral (
          select l.derived_id as item from caliber.lineage l
          where l.tenant_id = caliber.current_tenant() and l.source_id = walk.item
          union all
          select n.id from caliber.note n where n.tenant_id = caliber.current_tenant() and n.superseded_by = walk.item
        ) as next
      )
      select from walk
      where walk.item not in (select id from outlived)
        -- Summaries are made again of what is left.
        and not exists (select from caliber.derivation d where d.tenant_id = caliber.current_tenant() and d.id = walk.item))
    limit ${limits.rowsPerSweep}`
  return rows.map(({ id }) => id)
}

/** What goes with the items; nothing where something was derived from one since they were chosen: it is the next sweep's. */
async function closureOf(sql: Sql, chosenIds: readonly string[]): Promise<readonly ErasedItem[]> {
  const items = await sql<ErasedItem>`
    select id, kind, region_id as "regionId" from caliber.forgotten_with(${uuids(chosenIds)}) order by id`
  const [kept] = await sql`
    select 1 from unnest(${uuids(items.map(({ id }) => id))}) as item (id)
    where item.id not in (${outlivedItems}) limit 1`
  return kept ? [] : items
}
