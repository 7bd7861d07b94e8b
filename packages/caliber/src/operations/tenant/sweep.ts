/** Delete what has outlived its time: answers kept for repeated requests, and receipts of windows. */
import { appendEvents } from '../../db/eventLog.ts'
import type { Claims, Sessions } from '../../db/session.ts'
import type { TenantId } from '../../domain/ids.ts'
import { limits } from '../../domain/limits.ts'
import { operatorOf } from '../../domain/tenant.ts'
import { tenantIds } from './ids.ts'

/** Sweep one tenant, as its operator. A run that deleted something is an event. @returns rows deleted */
export async function sweepTenant(sessions: Sessions, tenantId: TenantId): Promise<number> {
  return sessions.run({ tenantId, principalId: operatorOf(tenantId), reach: 'all' }, async (sql) => {
    const answers = await sql`
      delete from caliber.idempotency
      where tenant_id = caliber.current_tenant() and expires_at <= clock_timestamp() returning key`
    const windows = await sql`
      delete from caliber.context_window
      where tenant_id = caliber.current_tenant()
        and (created_at <= clock_timestamp() - make_interval(days => ${limits.windowRetentionDays})
             or created_at < (select created_at from caliber.context_window
                              where tenant_id = caliber.current_tenant()
                              order by created_at desc offset ${limits.windowsKept - 1} limit 1))
      returning id`
    const deleted = answers.length + windows.length
    if (deleted > 0) {
      await appendEvents(sql, [
        {
          kind: 'sweep.ran',
          subjectId: tenantId,
          regionId: null,
          data: { answers: answers.length, windows: windows.length },
        },
      ])
    }
    return deleted
  })
}

const tenantsAtOnce = 100

/** Sweep every tenant of the installation, one after another. @param claims of whoever runs the installation */
export async function sweepTenants(sessions: Sessions, claims: Claims): Promise<void> {
  for (let after: string | undefined; ; ) {
    const ids = await tenantIds(sessions, claims, after, tenantsAtOnce)
    for (const tenantId of ids) await sweepTenant(sessions, tenantId)
    after = ids.at(-1)
    if (ids.length < tenantsAtOnce) return
  }
}
