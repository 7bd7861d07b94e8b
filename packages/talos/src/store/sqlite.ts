/** A store in one SQLite table, over the few methods `node:sqlite` and `better-sqlite3` have in common. */
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

/** Keys are stored as bytes behind a slash: SQLite ends a text at its first NUL, and a part of nothing is null. */
export function sqliteStore(database: SqliteDatabase): Store {
  // Other processes write too: wait for them rather than fail.
  database.exec(`pragma busy_timeout = ${BUSY_TIMEOUT_MS}`)
  database.exec('pragma journal_mode = wal')
  database.exec('pragma synchronous = full')
  database.exec('create table if not exists talos_entry (key blob primary key, data blob not null) without rowid')
  const read = database.prepare('select data from talos_entry where key = ?')
  const write = database.prepare(
    'insert into talos_entry (key, data) values (?, ?) on conflict (key) do update set data = excluded.data',
  )
  const create = database.prepare('insert into talos_entry (key, data) values (?, ?) on conflict (key) do nothing')
  const remove = database.prepare('delete from talos_entry where key = ?')
  const list = database.prepare('select key from talos_entry where substr(key, 1, ?) = ?')
  return {
    read: async (key) => {
      const row = read.get(bytesOf(key)) as { data: Uint8Array } | undefined
      return row === undefined ? undefined : new Uint8Array(row.data)
    },
    write: async (key, data) => void write.run(bytesOf(key), data),
    create: async (key, data) => Number(create.run(bytesOf(key), data).changes) === 1,
    delete: async (key) => Number(remove.run(bytesOf(key)).changes) === 1,
    async *list(prefix) {
      const start = bytesOf(prefix)
      for (const row of list.all(start.length, start))
        yield Buffer.from((row as { key: Uint8Array }).key.subarray(1)).toString()
    },
  }
}

function bytesOf(key: string): Uint8Array {
  return Buffer.from(`/${key}`)
}
