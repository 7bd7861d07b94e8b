/**
 * A transaction in somebody's name: the application role and the claims are set before the first statement and end
 * with the transaction, so a pooled connection carries nothing over to the next request.
 */
import type { PrincipalId, TenantId } from '../domain/ids.ts'
import type { Database, Sql, TransactionOptions } from './sql.ts'

/** What a transaction claims. Comes from a verified credential, never from a request's content. */
export interface Claims {
  readonly tenantId: TenantId
  readonly principalId: PrincipalId
}

/** Run `work` in one transaction under row security, as `claims`. */
export function inSession<T>(
  database: Database,
  claims: Claims,
  work: (sql: Sql) => Promise<T>,
  options?: TransactionOptions,
): Promise<T> {
  return database.transaction(async (sql) => {
    await sql`
      select set_config('role', 'caliber_app', true),
             set_config('caliber.tenant_id', ${claims.tenantId}, true),
             set_config('caliber.principal_id', ${claims.principalId}, true)`
    return work(sql)
  }, options)
}
