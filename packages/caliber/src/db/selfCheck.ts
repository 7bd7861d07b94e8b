/**
 * Refuse a database whose walls are not the ones that were built.
 *
 * Before anything is served: the version has no known hole in row security, the roles cannot step over it, and the
 * catalog (tables, policies, functions, triggers, grants) is word for word what the migrations make.
 */
import { readFile } from 'node:fs/promises'
import { CaliberError } from '../domain/errors.ts'
import { dumpSchema } from './schemaDump.ts'
import type { Database, Sql } from './sql.ts'

/** @throws CaliberError `conflict`, saying all that is wrong and what to do about it */
export async function assertWalls(database: Database): Promise<void> {
  const wrong = await database.transaction(
    async (sql) => [
      ...(await versionFaults(sql)),
      ...(await roleFaults(sql, database.tier)),
      ...(await catalogFaults(sql)),
    ],
    { readOnly: true },
  )
  if (wrong.length === 0) return
  throw new CaliberError('conflict', `This database is not safe to serve from: ${wrong.join('; ')}.`, { wrong })
}

/**
 * The first release of each line without CVE-2025-8713 (row security leaks through the planner's statistics) and
 * CVE-2024-10976 (row security forgets the role); https://www.postgresql.org/support/security/
 */
const safeReleases: Readonly<Record<number, number>> = { 15: 14, 16: 10, 17: 6 }

async function versionFaults(sql: Sql): Promise<readonly string[]> {
  const [row] = await sql<{ number: number }>`select current_setting('server_version_num')::integer as number`
  const [major, minor] = [Math.floor((row?.number ?? 0) / 10_000), (row?.number ?? 0) % 10_000]
  const least = safeReleases[major] ?? (major > 17 ? 0 : Number.POSITIVE_INFINITY)
  if (minor >= least) return []
  const cure = Object.entries(safeReleases).map(([line, release]) => `${line}.${release}`)
  return [`Postgres ${major}.${minor} has known holes in row security: upgrade to ${cure.join(', ')}, 18 or later`]
}

async function roleFaults(sql: Sql, tier: Database['tier']): Promise<readonly string[]> {
  const strong = await sql<{ name: string }>`
    select rolname as name from pg_roles where (rolsuper or rolbypassrls)
      and (rolname in ('caliber_app', 'caliber_owner') or ${tier === 'server'} and rolname = session_user)`
  const owns = await sql<{ name: string }>`
    select relname as name from pg_class where relowner = 'caliber_app'::regrole limit 1`
  return [
    ...strong.map(
      ({ name }) => `role ${name} can step over row security: connect as one that is no superuser and has no bypassrls`,
    ),
    ...owns.map(({ name }) => `caliber_app owns ${name}: give it back to caliber_owner`),
  ]
}

const goldenFile = new URL('../../sql/schema.sql', import.meta.url)

async function catalogFaults(sql: Sql): Promise<readonly string[]> {
  const golden = protecting(await readFile(goldenFile, 'utf8'))
  const found = protecting(await dumpSchema(sql))
  const lost = [...golden].find((line) => !found.has(line))
  const gained = [...found].find((line) => !golden.has(line))
  if (lost === undefined && gained === undefined) return []
  const what = lost === undefined ? `has "${gained?.trim()}"` : `lacks "${lost.trim()}"`
  return [`its schema is not the one that was installed (it ${what}): undo what was changed by hand`]
}

/** The lines that say how things are protected. An index of yours changes nothing about that. */
function protecting(dump: string): ReadonlySet<string> {
  return new Set(dump.split('\n').filter((line) => !/^(create (unique )?index|-- generated|$)/i.test(line)))
}
