import { z } from 'zod'
import type { Sql } from '../../db/sql.ts'
import { CaliberError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import { only } from '../only.ts'
import { operation } from '../operation.ts'
import { findRegion, writableRegion } from '../region/entity.ts'
import { id } from '../schema.ts'
import { lease, modes, resource, ttlMs } from './entity.ts'

export const acquireLock = operation({
  name: 'lock.acquire',
  http: 'POST /v1/locks',
  summary: 'Acquire one lock or several at once, all or none: a lease with a fence that only grows.',
  example: { locks: [{ regionId: '01890a5d-ac96-774b-bcce-b302099a8057' }], ttlMs: 30_000, waitMs: 5_000 },
  input: z.strictObject({
    locks: z
      .array(z.strictObject({ regionId: id('region'), resource }))
      .min(1)
      .max(limits.locksPerCall),
    mode: z.enum(modes).default('exclusive').describe('shared: any number of holders, none of them exclusive.'),
    ttlMs,
    waitMs: z.int().min(0).max(limits.lockWaitMs).default(0).describe('How long to wait for a lock that is held.'),
  }),
  output: z.strictObject({ leases: z.array(lease).describe('In the order in which they were acquired.') }),
  effect: 'write',
  needs: 'write',
  mcp: true,
  idempotent: false,
  waitMs: ({ waitMs }) => waitMs,

  async run({ sql, emit, principal: { principalId: holderId } }, { locks, mode, ttlMs }) {
    const leases = []
    // Everybody takes locks in the same order, so nobody waits in a circle.
    for (const { regionId, resource } of inOrder(locks)) {
      if (mode === 'exclusive') await writableRegion(sql, regionId)
      else await findRegion(sql, regionId)
      const { fence, until } = await acquire(sql, { regionId, resource, exclusive: mode === 'exclusive', ttlMs })
      emit({ kind: 'lock.acquired', subjectId: regionId, regionId, data: { resource, mode, fence } })
      leases.push({ regionId, resource, mode, holderId, fence, until })
    }
    return { leases }
  },
})

interface Wanted {
  readonly regionId: string
  readonly resource: string
  readonly exclusive: boolean
  readonly ttlMs: number
}

/** @throws CaliberError `lock_held` saying who holds it and until when */
async function acquire(
  sql: Sql,
  { regionId, resource, exclusive, ttlMs }: Wanted,
): Promise<{ fence: number; until: string }> {
  const { fence, until, heldBy } = only(
    await sql<{ fence: number | null; until: string; heldBy: string }>`
      select fence, until, held_by as "heldBy" from caliber.acquire_lock(${regionId}, ${resource}, ${exclusive}, ${ttlMs})`,
  )
  if (fence !== null) return { fence, until }
  throw new CaliberError(
    'lock_held',
    `${resource} in region ${regionId} is held by principal ${heldBy} until ${until} at the latest. Wait (waitMs), or try again.`,
    { regionId, resource, heldBy, until },
  )
}

function inOrder<L extends { readonly regionId: string; readonly resource: string }>(
  locks: readonly L[],
): readonly L[] {
  const byName = new Map(locks.map((lock) => [`${lock.regionId} ${lock.resource}`, lock]))
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, lock]) => lock)
}
