/**
 * Answer a repeated write as the first one was answered.
 *
 * The record is inserted before the work and completed after it, in the work's own transaction: a second request with
 * the same key waits for the first to commit, then finds the answer; if the first fails, there is no record.
 */
import { createHash } from 'node:crypto'
import { bytes, json, type Sql } from '../db/sql.ts'
import { CaliberError } from '../domain/errors.ts'
import { limits } from '../domain/limits.ts'
import type { Principal } from '../domain/principal.ts'
import type { AnyOperation } from './operation.ts'

export interface Request {
  readonly key: string | undefined
  readonly operation: Pick<AnyOperation, 'name' | 'secret'>
  readonly input: unknown
  /** Part of the request: what one credential was answered is not for a narrower one of the same principal. */
  readonly principal: Pick<Principal, 'rights' | 'regions'>
}

/**
 * @throws CaliberError `idempotency_mismatch` when the key came with another request, `invalid_input` for a bad key, and
 * `conflict` for a repeated request whose answer held a secret: that is not kept
 */
export async function once(
  sql: Sql,
  { key, operation, input, principal: { rights, regions } }: Request,
  work: () => Promise<unknown>,
): Promise<unknown> {
  if (key === undefined) return work()
  if (!/^[\x21-\x7e]+$/.test(key) || key.length > limits.keyChars) {
    throw new CaliberError(
      'invalid_input',
      `An idempotency key is 1 to ${limits.keyChars} printable ASCII characters without spaces. Send another one.`,
    )
  }
  const digest = createHash('sha256')
    .update(JSON.stringify([operation.name, input, rights, regions ?? null]))
    .digest()
  await sql`
    delete from caliber.idempotency
    where tenant_id = caliber.current_tenant() and principal_id = caliber.current_principal() and key = ${key}
      and expires_at <= clock_timestamp()`
  const [claimed] = await sql`
    insert into caliber.idempotency (tenant_id, principal_id, key, operation, request_digest, expires_at)
    values (caliber.current_tenant(), caliber.current_principal(), ${key}, ${operation.name}, ${bytes(digest)},
            clock_timestamp() + make_interval(hours => ${limits.idempotencyHours}))
    on conflict (tenant_id, principal_id, key) do nothing
    returning key`
  if (!claimed) return replay(sql, key, digest)

  const answer = await work()
  if (operation.secret) return answer
  await sql`
    update caliber.idempotency set response = ${json(answer)}
    where tenant_id = caliber.current_tenant() and principal_id = caliber.current_principal() and key = ${key}`
  return answer
}

async function replay(sql: Sql, key: string, digest: Buffer): Promise<unknown> {
  const [stored] = await sql<{ same: boolean; response: unknown }>`
    select request_digest = ${bytes(digest)} as same, response from caliber.idempotency
    where tenant_id = caliber.current_tenant() and principal_id = caliber.current_principal() and key = ${key}`
  if (stored?.same && stored.response !== null) return stored.response
  if (stored?.same) {
    throw new CaliberError(
      'conflict',
      `The request with the idempotency key ${key} was carried out, and its secret was shown then. Revoke what it made and make another.`,
    )
  }
  throw new CaliberError(
    'idempotency_mismatch',
    `The idempotency key ${key} came with another request before. Use a new key for a new request.`,
  )
}
