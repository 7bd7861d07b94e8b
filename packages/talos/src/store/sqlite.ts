/** A store in one SQLite table, over the few methods `node:sqlite` and `better-sqlite3` have in common. */
import { TalosError } from '../errors.ts'
import type { Store } from './store.ts'

export interface SqliteDatabase {
  exec(sql: string): unknown
  prepare(sql: string): {
    get(...parameters: unknown[]): unknown
    all(...parameters: unknown[]): unknown[]
    run(...parameters: unknown[]): { changes: number | bigint }
  }
}

const BUSY_TIMEOUT_MS = 10_000

/**
 * Keep entries in a table `talos_entry` of a database, which it creates.
 *
 * Keys are stored as bytes behind a slash: SQLite ends a text at its first NUL, and a part of nothing is null.
 *
 * @throws TalosError `corrupt_store` when the file is damaged or no database, from here and from every use
 */
export function sqliteStore(database: SqliteDatabase): Store {
  return reporting(() => {
    waitForOthers(database)
    database.exec('pragma journal_mode = wal')
    database.exec('pragma synchronous = full')
    database.exec('create table if not exists talos_entry (key blob primary key, data blob not null) without rowid')
    return storeOn(database)
  })
}

/** Whether a database is of something else: it has tables, and not ours. @throws TalosError `corrupt_store` */
export function isForeign(database: SqliteDatabase): boolean {
  const tables = reporting(() => {
    waitForOthers(database)
    return database.prepare("select name from sqlite_master where type = 'table'").all() as { name: string }[]
  })
  return tables.length > 0 && !tables.some(({ name }) => name === 'talos_entry')
}

/** Other processes use the file too: wait for them rather than fail. */
function waitForOthers(database: SqliteDatabase): void {
  database.exec(`pragma busy_timeout = ${BUSY_TIMEOUT_MS}`)
}

function storeOn(database: SqliteDatabase): Store {
  const read = database.prepare('select data from talos_entry where key = ?')
  const write = database.prepare(
    'insert into talos_entry (key, data) values (?, ?) on conflict (key) do update set data = excluded.data',
  )
  const create = database.prepare('insert into talos_entry (key, data) values (?, ?) on conflict (key) do nothing')
  const remove = database.prepare('delete from talos_entry where key = ?')
  const list = database.prepare('select key from talos_entry where substr(key, 1, ?) = ?')
  return {
    read: async (key) => {
      const row = reporting(() => read.get(bytesOf(key))) as { data: Uint8Array } | undefined
      return row === undefined ? undefined : new Uint8Array(row.data)
    },
    write: async (key, data) => void reporting(() => write.run(bytesOf(key), data)),
    create: async (key, data) => Number(reporting(() => create.run(bytesOf(key), data)).changes) === 1,
    delete: async (key) => Number(reporting(() => remove.run(bytesOf(key))).changes) === 1,
    async *list(prefix) {
      const start = bytesOf(prefix)
      for (const row of reporting(() => list.all(start.length, start)))
        yield Buffer.from((row as { key: Uint8Array }).key.subarray(1)).toString()
    },
  }
}

function bytesOf(key: string): Uint8Array {
  return Buffer.from(`/${key}`)
}

/** Damage is said in the words of this package; what else goes wrong passes through. */
function reporting<R>(work: () => R): R {
  try {
    return work()
  } catch (error) {
    if (!isDamage(error)) throw error
    throw new TalosError('corrupt_store', 'The SQLite file is damaged, or is no database.', {}, error)
  }
}

const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

function isDamage(error: unknown): boolean {
  // node:sqlite gives the number, better-sqlite3 the name.
  const { errcode, code } = error as { errcode?: unknown; code?: unknown }
  if (typeof errcode === 'number') return [SQLITE_CORRUPT, SQLITE_NOTADB].includes(errcode & 0xff)
  return typeof code === 'string' && /^SQLITE_(CORRUPT|NOTADB)/.test(code)
}
