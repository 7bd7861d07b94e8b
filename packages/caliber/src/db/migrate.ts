/**
 * Bring a database's schema up to date.
 *
 * Each file of sql/migrations runs once, in order, in one transaction with the row that records it. Any number of
 * installers may run at once: an advisory lock lets one work while the others wait, and a unique key on the version
 * makes a second run of the same file fail as a whole. Released files never change; a digest proves it.
 */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { CaliberError } from '../domain/errors.ts'
import type { Database } from './sql.ts'

export interface Migration {
  readonly version: number
  readonly name: string
  readonly text: string
  /** SHA-256 of the text, hex. */
  readonly digest: string
}

/** Any fixed number of our own: all installers of all versions must agree on it. */
const installerLock = 5_215_301_744

/** Read the migrations that this version of Caliber ships. */
export async function shippedMigrations(): Promise<readonly Migration[]> {
  const folder = new URL('../../sql/migrations/', import.meta.url)
  const names = (await readdir(fileURLToPath(folder))).filter((name) => name.endsWith('.sql')).sort()
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(new URL(name, folder), 'utf8')
      return { version: Number(name.slice(0, 4)), name, text, digest: createHash('sha256').update(text).digest('hex') }
    }),
  )
}

/**
 * Apply what is missing, as the connecting role, which must own the database or may create roles and schemas.
 *
 * @returns the names of the files applied by this call
 * @throws CaliberError `conflict` when the database is newer than this program or an applied file has changed
 */
export async function migrate(database: Database, migrations?: readonly Migration[]): Promise<readonly string[]> {
  const shipped = migrations ?? (await shippedMigrations())
  const applied: string[] = []
  for (;;) {
    const missing = pending(shipped, await recorded(database))
    const next = missing[0]
    if (!next) return applied
    try {
      await database.script(installation(next))
      applied.push(next.name)
    } catch (error) {
      // Another installer was faster when the version is recorded by now; otherwise the file itself failed.
      const rows = await recorded(database)
      if (!rows.some((row) => row.version === next.version)) throw error
    }
  }
}

/** The files that `database` lacks. Changes nothing. @throws CaliberError `conflict` as {@link migrate} does */
export async function pendingMigrations(database: Database): Promise<readonly string[]> {
  return pending(await shippedMigrations(), await recorded(database)).map(({ name }) => name)
}

interface Recorded {
  readonly version: number
  readonly digest: string
}

async function recorded(database: Database): Promise<readonly Recorded[]> {
  return database.transaction(async (sql) => {
    const [found] = await sql<{ there: boolean }>`select to_regclass('caliber_schema.migration') is not null as there`
    if (!found?.there) return []
    return sql<{
      version: number
      digest: string
    }>`select version, digest from caliber_schema.migration order by version`
  })
}

function pending(shipped: readonly Migration[], rows: readonly Recorded[]): readonly Migration[] {
  const digests = new Map(rows.map((row) => [row.version, row.digest]))
  const newest = Math.max(0, ...shipped.map(({ version }) => version))
  const beyond = rows.find((row) => row.version > newest)
  if (beyond) {
    throw new CaliberError(
      'conflict',
      `The database has schema version ${beyond.version}, this program knows ${newest}. Upgrade Caliber.`,
    )
  }
  for (const { version, name, digest } of shipped) {
    const stored = digests.get(version)
    if (stored !== undefined && stored !== digest) {
      throw new CaliberError('conflict', `Migration ${name} was applied with another text. Restore the released file.`)
    }
  }
  return shipped.filter(({ version }) => !digests.has(version))
}

/** One simple query is one transaction: the lock, the record and the file stand or fall together. */
function installation({ version, name, text, digest }: Migration): string {
  return `
    select pg_advisory_xact_lock(${installerLock});
    create schema if not exists caliber_schema;
    create table if not exists caliber_schema.migration (
      version integer primary key, name text not null, digest text not null, applied_at timestamptz not null default now());
    insert into caliber_schema.migration (version, name, digest) values (${version}, '${name}', '${digest}');
    ${text}`
}
