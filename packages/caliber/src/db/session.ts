/**
 * Transactions in somebody's name: the application role and the signed claims are set before the first statement and
 * end with the transaction, so a pooled connection carries nothing over to the next request.
 */

import { CaliberError } from '../domain/errors.ts'
import type { PrincipalId, RegionId, TenantId } from '../domain/ids.ts'
import { limits } from '../domain/limits.ts'
import { type ClaimKey, signClaims } from './claimKey.ts'
import type { Database, Sql, TransactionOptions } from './sql.ts'

/** What a transaction claims. Comes from a verified credential, never from a request's content. */
export interface Claims {
  readonly tenantId: TenantId
  readonly principalId: PrincipalId
  /**
   * Which regions are open: what the principal may see (`own`, the default), of that only some, or every region of the
   * tenant (`all`), for work of the server itself.
   */
  readonly reach?: 'own' | 'all' | readonly RegionId[] | undefined
  /** `<region>:<fence>` of the locks that the writer says it holds. Checked by the database where a region asks for it. */
  readonly fences?: readonly string[] | undefined
}

export interface Sessions {
  readonly database: Database
  /** Run `work` in one transaction under row security, as `claims`. */
  run<T>(claims: Claims, work: (sql: Sql) => Promise<T>, options?: TransactionOptions): Promise<T>
}

/** A request that is still at it after so long is stopped at its next statement; its transaction is rolled back. */
const longestMs = limits.requestMs

/** @param now the real clock: the database compares the expiry of claims with its own */
export function openSessions(database: Database, key: ClaimKey, now: () => Date = () => new Date()): Sessions {
  return {
    database,
    run: (claims, work, options) =>
      database.transaction(async (sql) => {
        // Sent ahead of the first statement of `work`, which need not wait for the answer: were it refused, none would run.
        const claimed = sql`
          select set_config('role', 'caliber_app', true),
                 set_config('caliber.claims', ${signClaims(key, claims, now().getTime())}, true),
                 set_config('caliber.fences', ${claims.fences?.join(',') ?? ''}, true)`
        const [claiming, working] = await Promise.allSettled([claimed, work(until(performance.now() + longestMs, sql))])
        if (claiming.status === 'rejected') throw claiming.reason
        if (working.status === 'rejected') throw working.reason
        return working.value
      }, options),
  }
}

/** Statements have a limit of their own (the driver's); this one is for many that each stay below it. */
function until(endMs: number, sql: Sql): Sql {
  return async (strings, ...values) => {
    if (performance.now() < endMs) return sql(strings, ...values)
    throw new CaliberError(
      'timeout',
      `The request took longer than ${longestMs / 1000} s and was stopped. Ask for less at once.`,
    )
  }
}
