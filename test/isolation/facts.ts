/** What is in the database, read behind the walls: where every id, digest and secret belongs. */
import type postgres from 'postgres'
import { mayRead, type RegionFacts, type Viewer } from './model.ts'
import { wordsOf } from './words.ts'
import { regionNames, type World } from './world.ts'

/** Where something belongs, and so who may see it. */
export interface Place {
  readonly tenantId: string
  /** All of them must be open to the viewer. */
  readonly regionIds: readonly string[]
  /** For administrators of the tenant alone. */
  readonly isAdministrative: boolean
}

export interface Row {
  readonly noun: string
  readonly id: string
  readonly place: Place
  /** Of a key and of a principal: whose it is. */
  readonly principalId: string | null
}

export interface Facts {
  /** By tenant and id: two tenants may call their regions alike. */
  readonly regions: ReadonlyMap<string, RegionFacts>
  readonly rows: readonly Row[]
  /** The places of ids and digests, any of which is enough to know them: a text that was written twice has two. */
  readonly places: ReadonlyMap<string, readonly Place[]>
}

export async function readFacts(admin: postgres.Sql): Promise<Facts> {
  const regions = await admin<RegionFacts[]>`
    select r.tenant_id as "tenantId", r.id as "regionId", r.kind, r.owner_id as "ownerId", r.write_rule as "writeRule",
           (select coalesce(jsonb_object_agg(g.principal_id, g.access), '{}') from caliber.region_grant g
            where g.tenant_id = r.tenant_id and g.region_id = r.id) as grants
    from caliber.region r`
  const found = await admin<
    {
      noun: string
      id: string
      tenantId: string
      regionIds: string[]
      digest: string | null
      principalId: string | null
    }[]
  >`
    select noun, id, tenant_id as "tenantId", region_ids as "regionIds", digest, principal_id as "principalId" from (
      select 'trajectory' as noun, id::text, tenant_id, array[region_id::text] as region_ids, null as digest,
             null as principal_id
      from caliber.trajectory
      union all select 'scope', id::text, tenant_id, array[region_id::text], null, null from caliber.scope
      union all select 'turn', id::text, tenant_id, array[region_id::text], encode(digest, 'hex'), null from caliber.turn
      union all select 'artifact', id::text, tenant_id, array[region_id::text], null, null from caliber.artifact
      union all select 'revision', null, tenant_id, array[region_id::text], encode(digest, 'hex'), null
      from caliber.artifact_revision
      union all select 'note', id::text, tenant_id, array[region_id::text], encode(digest, 'hex'), null from caliber.note
      union all select 'conflict', id::text, tenant_id, array[region_id::text], null, null from caliber.conflict
      union all select 'region', id::text, tenant_id, array[id::text], null, null from caliber.region where id <> tenant_id
      union all select 'receipt', receipt_id::text, tenant_id, array[region_id::text], null, null from caliber.erasure
      -- In each region that it was told in, or sets something aside in now.
      union all select 'distrust', id::text, tenant_id, array[region_id::text], null, null from (
        select subject_id as id, tenant_id, region_id from caliber.event where kind = 'memory.revoked'
        union select distrust_id, tenant_id, region_id from caliber.quarantine) as told
      union all select 'window', id, tenant_id, regions::text[], null, null from caliber.context_window
      union all select 'principal', id::text, tenant_id, '{}', null, id::text from caliber.principal where id <> tenant_id
      union all select 'key', id::text, tenant_id, '{}', null, principal_id::text from caliber.api_key
      union all select 'tenant', tenant_id::text, tenant_id, '{}', null, null from caliber.tenant
    ) as everything`
  const rows: Row[] = []
  const places = new Map<string, Place[]>()
  for (const { noun, id, tenantId, regionIds, digest, principalId } of found) {
    const place = { tenantId, regionIds, isAdministrative: false }
    if (id !== null) rows.push({ noun, id, place, principalId })
    for (const name of [id, digest]) if (name !== null) places.set(name, [...(places.get(name) ?? []), place])
  }
  return {
    regions: new Map(regions.map((region) => [regionKey(region.tenantId, region.regionId), region])),
    rows,
    places,
  }
}

/** Where each secret word of the world belongs. */
export function secretsOf({ tenants }: World): ReadonlyMap<string, Place> {
  const secrets = new Map<string, Place>()
  for (const { number, tenantId, regions } of tenants) {
    const put = (place: string, regionIds: readonly string[], isAdministrative = false) =>
      secrets.set(wordsOf(number, place).secret, { tenantId, regionIds, isAdministrative })
    for (const name of regionNames) put(name, [regions[name]])
    put('tenant', [])
    put('people', [], true)
    put('keys', [], true)
  }
  return secrets
}

export function maySee(viewer: Viewer, { tenantId, regionIds, isAdministrative }: Place, facts: Facts): boolean {
  if (viewer.tenantId !== tenantId) return false
  if (isAdministrative && !viewer.rights.includes('admin')) return false
  return regionIds.every((regionId) => {
    const region = regionIn(facts, tenantId, regionId)
    return region !== undefined && mayRead(viewer, region)
  })
}

export function regionIn(facts: Facts, tenantId: string, regionId: string | null | undefined): RegionFacts | undefined {
  return facts.regions.get(regionKey(tenantId, regionId ?? ''))
}

const regionKey = (tenantId: string, regionId: string) => `${tenantId} ${regionId}`
