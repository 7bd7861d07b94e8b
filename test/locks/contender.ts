/**
 * An agent's hands: its calls, made of the product's locks.
 *
 * Leases come from the operations, through dispatch as on every surface. Writes are SQL of the application role under
 * the agent's claims, so that a transaction can be kept open between the check of its fence and its commit.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { CaliberError } from 'caliber'
import type { LockInput, LockOutput } from './lockHistory.ts'
import { appendEvents, type Claims } from './product.ts'
import type { Contest, Entrance } from './site.ts'

/** @throws whatever is neither granted nor refused */
export type Contender = (input: LockInput) => Promise<LockOutput>

export function contender(
  { sessions, dispatch }: Entrance,
  { tenantIds, principalIds }: Contest,
  agent: number,
): Contender {
  return async (input) => {
    const { lock: regionId } = input
    const tenantId = tenantIds[regionId] ?? ''
    const principal = { tenantId, principalId: principalIds[agent] ?? '', rights: ['read', 'write'] as const }
    const call = async <Output>(operation: string, asked: unknown) =>
      (await dispatch({ operation, input: asked, principal })) as Output
    try {
      switch (input.kind) {
        case 'acquire': {
          const { mode, ttlMs } = input
          const { leases } = await call<{ leases: readonly [{ fence: number; until: string }] }>('lock.acquire', {
            locks: [{ regionId }],
            mode,
            ttlMs,
          })
          return { kind: 'granted', fence: leases[0].fence, untilMs: Date.parse(leases[0].until) }
        }
        case 'extend': {
          const { fence, ttlMs } = input
          const { until } = await call<{ until: string }>('lock.extend', { regionId, fence, ttlMs })
          return { kind: 'granted', fence, untilMs: Date.parse(until) }
        }
        case 'release': {
          const { released } = await call<{ released: boolean }>('lock.release', { regionId, fence: input.fence })
          return { kind: released ? 'released' : 'stale' }
        }
        case 'write':
          return { kind: 'written', position: await write(principal, input) }
      }
    } catch (error) {
      if (error instanceof CaliberError && error.code === 'lock_held') return { kind: 'held' }
      if (error instanceof CaliberError && error.code === 'fence_stale') return { kind: 'stale' }
      throw error
    }
  }

  /** @returns the note's place in the log, which is the order of the commits */
  function write(claims: Claims, { lock, fence, openMs }: LockInput & { readonly kind: 'write' }): Promise<number> {
    return sessions.run({ ...claims, fences: [`${lock}:${fence}`] }, async (sql) => {
      const noteId = randomUUID()
      await sql`
        insert into caliber.note (tenant_id, id, region_id, type, subject, content, level, confidence, pinned, sources,
                                  token_count, status, recorded_by)
        values (caliber.current_tenant(), ${noteId}, ${lock}, 'probe', 'probe', 'written', 'raw', 1, false, '[]', 1, 'live',
                caliber.current_principal())`
      if (openMs > 0) await sleep(openMs)
      // Last, and locked until the commit, which makes it the order of the commits.
      return appendEvents(sql, [{ kind: 'note.recorded', subjectId: noteId, regionId: lock, data: { type: 'probe' } }])
    })
  }
}
