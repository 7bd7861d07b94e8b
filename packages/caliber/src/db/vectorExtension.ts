/**
 * Whether the database can compare vectors: the extension pgvector, which is never required. No table of ours depends on
 * it, so it may come and go between two starts.
 */
import { CaliberError } from '../domain/errors.ts'
import type { Database } from './sql.ts'

/** A pgvector that requests may use. */
export interface VectorExtension {
  /** The schema that it is installed in, as an identifier that needs no more quotes. */
  readonly schema: string
  readonly version: string
}

/** The first release whose inner product is written for the processor at hand. */
const leastVersion = [0, 7] as const

/** Find the pgvector that is installed; undefined where there is none, an older one, or one that the application role may not use. */
export async function findVectorExtension(database: Database): Promise<VectorExtension | undefined> {
  const [found] = await database.transaction(
    (sql) => sql<VectorExtension & { usable: boolean }>`
      select quote_ident(n.nspname) as schema, e.extversion as version,
             has_schema_privilege('caliber_app', n.oid, 'usage') as usable
      from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'vector'`,
    { readOnly: true },
  )
  if (!found?.usable || isOlder(found.version)) return undefined
  const { schema, version } = found
  return (await answers(database, schema)) ? { schema, version } : undefined
}

/**
 * Install pgvector where its files are there. For the embedded tier alone: there the package is installed for this
 * and nothing else. A server's extensions are its administrator's business.
 */
export async function installVectorExtension(database: Database): Promise<void> {
  const [available] = await database.transaction(
    (sql) => sql`select 1 from pg_available_extensions where name = 'vector' and installed_version is null`,
    { readOnly: true },
  )
  if (available) await database.script('create extension if not exists vector')
}

/** Its record may be there without its files: after a restore, or when the package was taken away. */
async function answers(database: Database, schema: string): Promise<boolean> {
  try {
    await database.transaction(
      async (sql) => {
        await sql`select set_config('search_path', ${schema}, true)`
        await sql`select array[1::real]::vector <#> array[1::real]::vector`
      },
      { readOnly: true },
    )
    return true
  } catch (error) {
    if (error instanceof CaliberError && error.retryable) throw error
    return false
  }
}

function isOlder(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major < leastVersion[0] || (major === leastVersion[0] && minor < leastVersion[1])
}
