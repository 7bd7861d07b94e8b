import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { keyColumns } from '../../db/columns.ts'
import { bytes, type Sql, texts, uuids } from '../../db/sql.ts'
import { writeKey } from '../../domain/apiKey.ts'
import { CaliberError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import { notFound } from '../../domain/notFound.ts'
import type { Principal, Right } from '../../domain/principal.ts'
import { only } from '../only.ts'
import type { WriteContext } from '../operation.ts'
import { right } from '../principal/entity.ts'
import { id, moment, text } from '../schema.ts'
import { secretDigest } from './secretDigest.ts'

export const apiKey = z.strictObject({
  keyId: id('key'),
  principalId: id('principal it stands for'),
  parentId: id('key it was made from').nullable(),
  name: z.string().nullable(),
  rights: z.array(right),
  regions: z.array(id('region')).nullable().describe('The only regions that it opens; null where it is not narrowed.'),
  createdAt: z.string(),
  expiresAt: z.string().nullable(),
  revokedAt: z.string().nullable(),
})

export const issuedKey = apiKey.extend({
  key: z.string().describe('The key itself. Shown once: only a digest of it is stored.'),
})

/** What narrows a new key. */
export const narrowing = {
  name: text(200).optional().describe('What it is for.'),
  rights: z.array(right).min(1).max(right.options.length).optional().describe('All that may be given where left out.'),
  regions: z
    .array(id('region'))
    .min(1)
    .max(limits.regionsPerKey)
    .optional()
    .describe('The only regions that it opens, of those that its principal may read.'),
  expiresAt: moment.optional(),
}

/** A key as it is stored, without its secret. */
export interface StoredKey {
  readonly keyId: string
  readonly principalId: string
  readonly parentId: string | null
  readonly name: string | null
  readonly rights: readonly Right[]
  readonly regions: readonly string[] | null
  readonly createdAt: string
  readonly expiresAt: string | null
  readonly revokedAt: string | null
}

export interface NewKey {
  readonly principalId: string
  readonly parentId: string | null
  readonly name: string | null
  readonly rights: readonly Right[]
  readonly regions: readonly string[] | null
  readonly expiresAt: string | null
}

/** Make and store a key; its secret is in the answer alone. @throws CaliberError `quota_exceeded` */
export async function insertKey(
  { sql, newId, emit, principal: { tenantId } }: Pick<WriteContext, 'sql' | 'newId' | 'emit' | 'principal'>,
  { principalId, parentId, name, rights, regions, expiresAt }: NewKey,
): Promise<StoredKey & { readonly key: string }> {
  const { live } = only(
    await sql<{ live: number }>`
      select count(*) as live from caliber.api_key
      where tenant_id = caliber.current_tenant() and revoked_at is null and (expires_at is null or expires_at > clock_timestamp())`,
  )
  if (live >= limits.keysPerTenant) {
    throw new CaliberError('quota_exceeded', `The tenant has ${live} live keys, which is the most. Revoke some.`, {
      live,
    })
  }
  const keyId = newId()
  const secret = randomBytes(32).toString('base64url')
  const stored = only(
    await sql<StoredKey>`
      insert into caliber.api_key (tenant_id, id, principal_id, parent_id, name, secret_digest, rights, regions, expires_at)
      values (caliber.current_tenant(), ${keyId}, ${principalId}, ${parentId}, ${name}, ${bytes(secretDigest(secret))},
              ${texts(rights)}, ${regions && uuids(regions)}, ${expiresAt})
      returning ${keyColumns}`,
  )
  emit({ kind: 'key.issued', subjectId: keyId, regionId: null, data: { principalId, parentId } })
  return { ...stored, key: writeKey({ tenantId, keyId, secret }) }
}

/**
 * Lock a live key and all that was made from it.
 *
 * A caller may end the key that it shows and those made from it; an administrator, and a caller without a key, those of
 * its tenant and of its principal. A key never reaches the one that it was made from.
 *
 * @returns the key, then those made from it
 * @throws CaliberError `not_found`
 */
export async function lockFamily(
  sql: Sql,
  caller: Principal,
  keyId: string,
): Promise<readonly [StoredKey, ...StoredKey[]]> {
  const family = await sql<StoredKey>`
    with recursive made as (
      select id, 0 as depth from caliber.api_key where tenant_id = caliber.current_tenant() and id = ${keyId}
      union
      select k.id, made.depth + 1 from caliber.api_key k join made on k.parent_id = made.id
      where k.tenant_id = caliber.current_tenant()
    )
    select ${keyColumns} from caliber.api_key join made using (id)
    where tenant_id = caliber.current_tenant() and revoked_at is null
      and (expires_at is null or expires_at > clock_timestamp())
    order by depth, id for update of api_key`
  const [key, ...made] = family
  if (key?.keyId !== keyId || !(await mayEnd(sql, caller, key))) throw notFound('key', keyId)
  return [key, ...made]
}

async function mayEnd(sql: Sql, caller: Principal, key: StoredKey): Promise<boolean> {
  if (caller.rights.includes('admin')) return !caller.regions
  if (key.principalId !== caller.principalId) return false
  if (caller.keyId === undefined || caller.keyId === key.keyId) return true
  const above = await sql`
    with recursive above as (
      select id, parent_id from caliber.api_key where tenant_id = caliber.current_tenant() and id = ${key.keyId}
      union
      select k.id, k.parent_id from caliber.api_key k join above on k.id = above.parent_id
      where k.tenant_id = caliber.current_tenant()
    )
    select 1 from above where id = ${caller.keyId}`
  return above.length > 0
}

/** The earlier of two ends; null is never. */
export function earlier(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b
  return Date.parse(a) <= Date.parse(b) ? a : b
}
