/**
 * Seal the heads of the logs that have grown: now and then, and when the server stops.
 *
 * What was written since the last seal is protected by the chain alone; how long that may be is `sealEveryMs`.
 */
import type { Sessions } from '../db/session.ts'
import type { TenantId } from '../domain/ids.ts'
import type { Seal, Seals } from '../domain/seal.ts'
import { operatorOf } from '../domain/tenant.ts'

const sealEveryMs = 5 * 60 * 1000

export interface Sealer {
  /** Say that a tenant's log has grown. */
  grown(tenantId: TenantId): void
  /** Seal what has grown and stop. */
  close(): Promise<void>
}

export function startSealing(sessions: Sessions, seals: Seals, now: () => Date): Sealer {
  const unsealed = new Set<TenantId>()
  const seal = async () => {
    const tenants = [...unsealed]
    unsealed.clear()
    if (tenants.length === 0) return
    try {
      const heads: Seal[] = []
      for (const tenantId of tenants) heads.push(...(await headOf(sessions, tenantId, now)))
      await seals.append(heads)
    } catch {
      // A database or disk that is away for now: they are sealed next time.
      for (const tenantId of tenants) unsealed.add(tenantId)
    }
  }
  let sealing = Promise.resolve()
  const timer = setInterval(() => {
    sealing = sealing.then(seal)
  }, sealEveryMs).unref()
  return {
    grown: (tenantId) => void unsealed.add(tenantId),
    async close() {
      clearInterval(timer)
      await sealing
      await seal()
    },
  }
}

async function headOf(sessions: Sessions, tenantId: TenantId, now: () => Date): Promise<readonly Seal[]> {
  const rows = await sessions.run(
    { tenantId, principalId: operatorOf(tenantId), reach: 'all' },
    (sql) => sql<{ seq: number; hash: string }>`
      select seq, encode(hash, 'hex') as hash from caliber.event_head where tenant_id = caliber.current_tenant()`,
    { readOnly: true },
  )
  return rows.map(({ seq, hash }) => ({ tenantId, seq, hash, at: now().toISOString() }))
}
