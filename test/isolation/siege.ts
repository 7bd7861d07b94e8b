/**
 * Statements of the role that serves, table by table from the catalog, each with what the rules say of it: what is seen,
 * added, changed and taken away, in every tenant and region, and no more and no less than that.
 */
import { randomUUID } from 'node:crypto'
import { type Attempt, type Breach, type Outcome, quoted } from './breach.ts'
import type { Facts } from './facts.ts'
import type { Viewer } from './model.ts'
import { readKey } from './product.ts'
import { type Standing, type StoredRow, tableRules } from './tableRules.ts'
import { personNames, type World } from './world.ts'

/** What there is to besiege: read once, because nothing that is tried stays. */
export interface Town {
  readonly world: World
  readonly facts: Facts
  readonly standings: readonly Standing[]
  readonly tables: readonly Table[]
}

export interface Table {
  readonly name: string
  /** That a row is written with, in their order. */
  readonly columns: readonly string[]
  /** What the role that serves is granted. */
  readonly updatable: readonly string[]
  readonly inserts: boolean
  readonly deletes: boolean
  /** Roles that may select. */
  readonly readers: readonly string[]
  readonly rows: readonly StoredRow[]
}

export async function surveyTown(breach: Breach, world: World, facts: Facts): Promise<Town> {
  const found = await breach.look<Omit<Table, 'rows'>>(`
    select c.relname as name, array_agg(a.attname::text order by a.attnum) filter (where a.attgenerated = '') as columns,
           coalesce(array_agg(a.attname::text) filter (where has_column_privilege('caliber_app', c.oid, a.attnum, 'update')), '{}') as updatable,
           has_table_privilege('caliber_app', c.oid, 'insert') as inserts,
           has_table_privilege('caliber_app', c.oid, 'delete') as deletes,
           array(select r::text from unnest(array['caliber_app', 'caliber_auditor']) r where has_table_privilege(r, c.oid, 'select')) as readers
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where n.nspname = 'caliber' and c.relkind in ('r', 'p') group by c.oid, c.relname order by c.relname`)
  const tables: Table[] = []
  for (const table of found) {
    const rows = await breach.look<StoredRow>(
      `select x.*, ctid::text, to_jsonb(x) as stored from caliber.${table.name} x`,
    )
    tables.push({ ...table, rows })
  }
  return { world, facts, standings: standingsOf(world), tables }
}

/** Everything that is tried on one table. @throws Error for a table that nobody said anything about */
export function attemptsOn(town: Town, table: Table): readonly Attempt[] {
  if (!tableRules[table.name]) throw new Error(`Say in tableRules.ts who may do what with ${table.name}.`)
  return town.standings.flatMap((as) => {
    const reading = table.readers.includes(as.role) ? [reads(town, table, as)] : []
    return as.role === 'caliber_app'
      ? [...reading, ...changes(town, table, as), ...additions(town, table, as)]
      : reading
  })
}

function reads(town: Town, table: Table, as: Standing): Attempt {
  const expected = new Set(rowsFor('sees', town, table, as).map(({ ctid }) => ctid))
  return {
    what: `reads ${table.name}`,
    as,
    commands: [`select coalesce(jsonb_agg(ctid::text), '[]') from caliber.${table.name}`],
    fault(outcome) {
      if ('refused' in outcome) return `refused with ${outcome.refused}`
      const seen = new Set(outcome.said as string[])
      const leaked = [...seen].filter((ctid) => !expected.has(ctid)).length
      const denied = [...expected].filter((ctid) => !seen.has(ctid)).length
      return leaked + denied === 0 ? undefined : `${leaked} rows too many, ${denied} too few`
    },
  }
}

/** Updates that change nothing and deletions, of everything at once. Rows under a lock are for the triggers: guards.ts. */
function changes(town: Town, table: Table, as: Standing): readonly Attempt[] {
  const { name, updatable, deletes } = table
  const locked = new Set(town.world.tenants.map(({ regions }) => regions.locked))
  // The server keeps answers in the name of whoever asked, one at a time; of all at once it may change none.
  if (name === 'idempotency' && as.reachesAll) return []
  const elsewhere = isContent(table) ? `where region_id not in (${[...locked].map(quoted).join(', ')})` : ''
  const seen = new Set(rowsFor('sees', town, table, as))
  const counted = (act: 'updates' | 'deletes', statement: string): Attempt => {
    const touched = rowsFor(act, town, table, as).filter(
      (row) => seen.has(row) && !(isContent(table) && locked.has(row.region_id ?? '')),
    )
    return {
      what: `${act} ${name}`,
      as,
      commands: [`with done as (${statement} returning 1) select to_jsonb(count(*)) from done`],
      fault(outcome) {
        const count = 'refused' in outcome ? `refused with ${outcome.refused}` : outcome.said
        return count === touched.length ? undefined : `${count} rows instead of ${touched.length}`
      },
    }
  }
  const [column] = updatable
  return [
    ...(column === undefined
      ? []
      : [counted('updates', `update caliber.${name} set ${column} = ${column} ${elsewhere}`)]),
    ...(deletes ? [counted('deletes', `delete from caliber.${name} ${elsewhere}`)] : []),
  ]
}

/** One row like one that is there for every place that rows are in, under a name of its own. */
function additions(town: Town, table: Table, as: Standing): readonly Attempt[] {
  const { viewer } = as
  if (!table.inserts || !viewer) return []
  const locked = town.world.tenants.map(({ regions }) => regions.locked)
  return onePerPlace(table).flatMap((row) => {
    const isOwn = row.tenant_id === viewer.tenantId
    if (locked.includes(row.region_id ?? '') || (isOwn && table.name === 'tenant')) return []
    const mayAdd = isOwn && (tableRules[table.name]?.inserts({ ...as, viewer }, row, town.facts) ?? false)
    return {
      what: `adds to ${table.name} in tenant ${row.tenant_id} ${row.region_id ?? row.principal_id ?? ''}`,
      as,
      commands: [insertionLike(table, row)],
      fault: mayAdd ? refusal : (outcome: Outcome) => breakIn(outcome),
    }
  })
}

const refusal = (outcome: Outcome) => ('refused' in outcome ? `refused with ${outcome.refused}` : undefined)

/** Only the wall counts: what a key or a constraint happens to stop would have passed the wall. */
function breakIn(outcome: Outcome): string | undefined {
  if (!('refused' in outcome)) return 'went through'
  return outcome.refused === '42501' ? undefined : `met ${outcome.refused} and not the wall`
}

function onePerPlace({ name, rows }: Table): readonly StoredRow[] {
  const placeOf = ({ tenant_id, owner_id, region_id, regions, principal_id }: StoredRow) =>
    JSON.stringify([tenant_id, name === 'region' ? owner_id : (region_id ?? regions ?? principal_id)])
  return [...new Map(rows.map((row) => [placeOf(row), row])).values()]
}

function insertionLike({ name, columns }: Table, { stored }: StoredRow): string {
  const word = quoted(randomUUID())
  const fresh: Readonly<Record<string, string>> = {
    id: name === 'context_window' ? quoted(randomUUID().replaceAll('-', '').repeat(2)) : word,
    sequence: '9999',
    revision: '9999',
    source_key: 'null',
    // Sources have a rule of their own: guards.ts.
    sources: `'[]'`,
    provenance: `'{}'`,
    key: word,
    issuer: word,
    ...(name === 'artifact' && { name: word }),
    ...(name === 'embedding' && { digest: `sha256(${word}::text::bytea)` }),
    ...(name === 'item_vector' && { digest: `sha256(${word}::text::bytea)`, slot: '(1e9 * random())::integer' }),
    ...(name === 'model_use' && { model: word }),
    ...(name === 'tenant' && { tenant_id: word }),
    // Whoever has no grant yet: the operator of the tenant.
    ...(name === 'region_grant' && { principal_id: 'tenant_id' }),
  }
  const values = columns.map((column) => fresh[column] ?? column)
  return `with done as (insert into caliber.${name} (${columns.join(', ')})
            select ${values.join(', ')} from jsonb_populate_record(null::caliber.${name}, ${quoted(JSON.stringify(stored))}))
          select to_jsonb(1)`
}

function rowsFor(
  act: 'sees' | 'updates' | 'deletes',
  { facts }: Town,
  { name, rows }: Table,
  as: Standing,
): readonly StoredRow[] {
  const { viewer } = as
  const rule = tableRules[name]?.[act]
  if (!viewer || !rule) return []
  return rows.filter((row) => row.tenant_id === viewer.tenantId && rule({ ...as, viewer }, row, facts))
}

const isContent = ({ name, rows }: Table) => name !== 'event' && rows.some(({ region_id }) => region_id !== undefined)

/** Everybody in whose name a statement may come. */
function standingsOf({ tenants }: World): readonly Standing[] {
  const [first, second] = tenants
  if (!first || !second) throw new Error('A world has several tenants.')
  const { people, regions, keys, tenantId } = first
  const as = (name: string, viewer: Viewer | undefined, more: Partial<Standing> = {}): Standing => {
    return { name, role: 'caliber_app', viewer, reachesAll: false, ...more }
  }
  const keyId = readKey(keys.owner)?.keyId ?? ''
  return [
    as('nobody', undefined),
    ...personNames.map((name) => as(name, people[name])),
    as('the narrowed owner', { ...people.owner, regions: [regions.public] }),
    as('the server', people.owner, { reachesAll: true }),
    as('a key that is being checked', { ...people.owner, principalId: keyId }),
    as('the owner of another tenant', second.people.owner),
    as('a principal under the wrong tenant', { ...people.owner, tenantId: second.tenantId }),
    as('an auditor', { tenantId, principalId: tenantId, rights: [] }, { role: 'caliber_auditor', reachesAll: true }),
    as('a function of the owner', people.owner, { role: 'caliber_owner', reachesAll: true }),
  ]
}
