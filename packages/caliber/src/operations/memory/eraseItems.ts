import { json, type Sql, uuids } from '../../db/sql.ts'
import type { ItemKind } from '../../domain/itemKind.ts'
import { only } from '../only.ts'
import type { WriteContext } from '../operation.ts'

/** An item that is to go, as `caliber.forgotten_with` names it. */
export interface ErasedItem {
  readonly id: string
  readonly kind: ItemKind
  readonly regionId: string
}

/** What stands in the log of an erasure, for one region. */
export interface ErasureReceipt {
  readonly receiptId: string
  readonly regionId: string
  readonly turns: number
  readonly artifacts: number
  readonly notes: number
}

export interface Erasure extends Pick<WriteContext, 'sql' | 'newId' | 'emit'> {
  /** The whole closure of what is chosen; this transaction has looked it up and holds the lineage since. */
  readonly items: readonly ErasedItem[]
  readonly chosenIds: readonly string[]
  /** Trajectories that lose their names, goals, outcomes and scopes' names. */
  readonly trajectoryIds: readonly string[]
  /** Stays in the log for good. */
  readonly reason: string
}

/**
 * Erase items for good, with a receipt for each region that loses something: the one way in which content ever goes.
 *
 * @throws CaliberError `fence_stale` where a region asks for a lock; `integrity` where the log does not fit what it brought
 */
export async function eraseItems({ sql, newId, emit, items, chosenIds, trajectoryIds, reason }: Erasure) {
  const regionIds = new Set([...items.map(({ regionId }) => regionId), ...(await regionsOf(sql, trajectoryIds))])
  const receipts = [...regionIds].map((regionId): ErasureReceipt => {
    const count = (kind: ItemKind) => items.filter((gone) => gone.regionId === regionId && gone.kind === kind).length
    return { receiptId: newId(), regionId, turns: count('turn'), artifacts: count('artifact'), notes: count('note') }
  })
  const named = Object.fromEntries(receipts.map(({ regionId, receiptId }) => [regionId, receiptId]))
  const erased = only(
    await sql<{ windows: number; answers: number }>`
      select windows, answers from caliber.erase(${uuids(chosenIds)}, ${uuids(trajectoryIds)}, ${json(named)})`,
  )
  for (const { receiptId, regionId, turns, artifacts, notes } of receipts) {
    emit({ kind: 'memory.forgotten', subjectId: receiptId, regionId, data: { turns, artifacts, notes, reason } })
  }
  return { receipts, ...erased }
}

async function regionsOf(sql: Sql, trajectoryIds: readonly string[]): Promise<readonly string[]> {
  const rows = await sql<{ regionId: string }>`
    select distinct region_id as "regionId" from caliber.trajectory
    where tenant_id = caliber.current_tenant() and id = any(${uuids(trajectoryIds)})`
  return rows.map(({ regionId }) => regionId)
}
