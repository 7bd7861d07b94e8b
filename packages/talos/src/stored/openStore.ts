/** Finding out what kind of store a path is: a directory holds files, a file is an SQLite database. */
import { open, stat } from 'node:fs/promises'
import { TalosError } from '../errors.ts'
import { fileStore } from '../store/files.ts'
import { isForeign, type SqliteDatabase, sqliteStore } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'

export interface OpenStore {
  readonly store: Store
  close(): void
}

interface Database extends SqliteDatabase {
  close(): unknown
}

const SQLITE_MAGIC = 'SQLite format 3\0'
const SQLITE_NAME = /\.(sqlite3?|db)$/

/**
 * Open the store at a path.
 *
 * @param create make a store where there is none: SQLite if the name ends in .sqlite or .db, else files
 * @throws TalosError `invalid_argument` when there is none, or no SQLite to open it with; `foreign_store`
 * when a file is not a store
 */
export async function openStore(path: string, { create }: { readonly create: boolean }): Promise<OpenStore> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (found === undefined) {
    if (!create) throw new TalosError('invalid_argument', `There is no store at ${path}.`, { path })
    return SQLITE_NAME.test(path) ? sqliteAt(path) : filesAt(path)
  }
  if (found.isDirectory()) return filesAt(path)
  if (found.size > 0 && (await headOf(path)) !== SQLITE_MAGIC) throw foreign(path)
  return sqliteAt(path)
}

function filesAt(path: string): OpenStore {
  return { store: fileStore(path), close: () => {} }
}

async function sqliteAt(path: string): Promise<OpenStore> {
  const Database = await sqliteOf(path)
  const database = new Database(path)
  try {
    if (isForeign(database)) throw foreign(path)
    return { store: sqliteStore(database), close: () => void database.close() }
  } catch (error) {
    database.close()
    throw error
  }
}

/** Whichever SQLite is there: this runtime's own, or the optional peer. */
async function sqliteOf(path: string): Promise<new (path: string) => Database> {
  const own = process.getBuiltinModule?.('node:sqlite') as { DatabaseSync: new (path: string) => Database } | undefined
  if (own !== undefined) return own.DatabaseSync
  const peer = 'better-sqlite3'
  try {
    const module = (await import(/* @vite-ignore */ peer)) as { default: new (path: string) => Database }
    return module.default
  } catch (cause) {
    throw new TalosError(
      'invalid_argument',
      `${path} is an SQLite database, and this Node has no SQLite. Use Node 22.13 or later, or install better-sqlite3.`,
      { path },
      cause,
    )
  }
}

async function headOf(path: string): Promise<string> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SQLITE_MAGIC.length), 0, SQLITE_MAGIC.length, 0)
    return buffer.subarray(0, bytesRead).toString('latin1')
  } finally {
    await file.close()
  }
}

function foreign(path: string): TalosError {
  return new TalosError('foreign_store', `${path} is not a store.`, { path })
}
