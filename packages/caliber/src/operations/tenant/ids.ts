import type { Claims, Sessions } from '../../db/session.ts'

/** The ids of the installation's tenants after `after`, in order. For work that visits each in its own name. */
export async function tenantIds(
  sessions: Sessions,
  { tenantId, principalId }: Claims,
  after: string | undefined,
  limit: number,
): Promise<readonly string[]> {
  const rows = await sessions.run(
    { tenantId, principalId, reach: 'all' },
    (sql) => sql<{ id: string }>`select id from caliber.tenant_ids(${after ?? null}, ${limit}) as id`,
    { readOnly: true },
  )
  return rows.map(({ id }) => id)
}
