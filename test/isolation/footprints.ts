/** What a batch of requests changed, group by group of rows, and whether its maker may change that. */
import type postgres from 'postgres'
import { type Facts, regionIn } from './facts.ts'
import { mayRead, mayWrite, type Viewer } from './model.ts'

/** Count and hash of the rows of a table that belong to one tenant and one region or principal, by their names. */
export type Footprints = ReadonlyMap<string, string>

interface Group {
  readonly table: string
  readonly tenantId: string | null
  /** A region, of idempotency the principal; null where the tenant is all there is. */
  readonly part: string | null
  /** Of events. */
  readonly kind: string | null
}

/** Every table of every schema of ours, from the catalog. */
export async function footprintsOf(admin: postgres.Sql): Promise<Footprints> {
  const tables = await admin<{ schema: string; name: string; columns: string[] }[]>`
    select n.nspname as schema, c.relname as name, array_agg(a.attname::text) as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where n.nspname like 'caliber%' and c.relkind in ('r', 'p') group by 1, 2`
  const parts = tables.map(({ schema, name, columns }) => {
    const has = (column: string) => columns.includes(column)
    const part = has('region_id')
      ? 'region_id'
      : name === 'region'
        ? 'id'
        : name === 'idempotency'
          ? 'principal_id'
          : 'null'
    const kind = name === 'event' ? 'kind' : 'null'
    return `select '${schema}.${name}' as "table", ${has('tenant_id') ? 'tenant_id' : 'null'}::text as "tenantId", ${part}::text as part,
                   ${kind}::text as kind, count(*) || ' ' || sum(hashtextextended(x::text, 0)::numeric) as hash
            from ${schema}.${name} x group by 2, 3, 4`
  })
  const groups = await admin.unsafe<(Group & { hash: string })[]>(parts.join(' union all '))
  return new Map(groups.map(({ hash, ...group }) => [JSON.stringify(group), hash]))
}

/** The changes between two moments that were not the viewer's to make. Nobody's, where there is none. */
export function trespasses(
  before: Footprints,
  after: Footprints,
  viewer: Viewer | undefined,
  facts: Facts,
): readonly string[] {
  const names = new Set([...before.keys(), ...after.keys()])
  const changed = [...names].filter((name) => before.get(name) !== after.get(name))
  return changed.filter((name) => !viewer || !mayChange(viewer, JSON.parse(name) as Group, facts))
}

/** Tables that everybody who may write adds to, in the tenant's name or in their own. */
const shared = ['event', 'event_head', 'context_window', 'api_key'].map((name) => `caliber.${name}`)
// Of a tenant, its retention.
const administered = ['tenant', 'principal', 'identity', 'distrust'].map((name) => `caliber.${name}`)

function mayChange(viewer: Viewer, { table, tenantId, part, kind }: Group, facts: Facts): boolean {
  if (tenantId !== viewer.tenantId) return false
  // Who administers the tenant distrusts and restores in every region of it.
  const isDistrust = table === 'caliber.quarantine' || kind === 'memory.revoked' || kind === 'memory.restored'
  if (isDistrust && viewer.rights.includes('admin')) return true
  // Who forgets, forgets what others were answered about it as well.
  if (table === 'caliber.idempotency') return part === viewer.principalId || viewer.rights.includes('admin')
  if (administered.includes(table)) return viewer.rights.includes('admin')
  if (part === null) return shared.includes(table)
  const region = regionIn(facts, tenantId, part)
  if (!region || table === 'caliber.region_grant') return false
  if (table === 'caliber.region') return region.ownerId === viewer.principalId
  // A shared lease of a region is for whoever reads it.
  const isReading = ['caliber.lock', 'caliber.lock_share', 'caliber.event'].includes(table)
  return viewer.rights.includes('write') && (isReading ? mayRead(viewer, region) : mayWrite(viewer, region))
}
