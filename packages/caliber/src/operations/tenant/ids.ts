import type { Claims, Sessions } from '../../db/session.ts'
import { operatorOf } from '../../domain/tenant.ts'

/** The ids of the installation's tenants after `after`, in order. For work that visits each in its own name. */
export async function tenantIds(
  sessions: Sessions,
  { tenantId }: Pick<Claims, 'tenantId'>,
  after: string | undefined,
  limit: number,
): Promise<readonly string[]> {
  const rows = await sessions.run(
    // The database answers the operator alone, so that no statement of an administrator's lists tenants.
    { tenantId, principalId: operatorOf(tenantId), reach: 'all' },
    (sql) => sql<{ id: string }>`select id from caliber.tenant_ids(${after ?? null}, ${limit}) as id`,
    { readOnly: true },
  )
  return rows.map(({ id }) => id)
}
