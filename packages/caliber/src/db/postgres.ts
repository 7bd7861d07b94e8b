/** The driver for a Postgres server that speaks the wire protocol: DATABASE_URL and the bundled native server. */
import postgres from 'postgres'
import { CaliberError } from '../domain/errors.ts'
import { fromPg } from './fromPg.ts'
import { type Database, type Sql, statement } from './sql.ts'

export interface PostgresOptions {
  readonly url: string
  readonly tier: 'native' | 'server'
  /** Connections held at most. */
  readonly poolSize?: number
  /** Longest time a single statement may run. */
  readonly statementTimeoutMs?: number
}

/** Open a pool. No connection is made before the first statement. */
export function openPostgres(options: PostgresOptions): Database {
  const pool = postgres(options.url, {
    max: options.poolSize ?? 8,
    idle_timeout: 60,
    connect_timeout: 10,
    fetch_types: false,
    onnotice: () => {},
    types: wireTypes,
    connection: {
      application_name: 'caliber',
      TimeZone: 'UTC',
      statement_timeout: options.statementTimeoutMs ?? 30_000,
      idle_in_transaction_session_timeout: 60_000,
    },
  })
  let closed = false

  return {
    tier: options.tier,

    async transaction(work, { readOnly = false, relaxedDurability = false } = {}) {
      if (closed) throw closedError()
      try {
        const result = await pool.begin(readOnly ? 'isolation level repeatable read read only' : '', async (tx) => {
          if (relaxedDurability) await tx.unsafe('set local synchronous_commit = off')
          const sql: Sql = async (strings, ...values) => {
            const { text, values: sent } = statement(strings, values)
            try {
              return [...(await tx.unsafe(text, [...sent], { prepare: true }))] as never
            } catch (error) {
              throw fromPg(error)
            }
          }
          return { value: await work(sql) }
        })
        return result.value as Awaited<ReturnType<typeof work>>
      } catch (error) {
        // What `work` threw is the caller's; only what the driver threw needs translating.
        throw isDriverError(error) ? fromPg(error) : error
      }
    },

    async script(text) {
      if (closed) throw closedError()
      try {
        await pool.unsafe(text).simple()
      } catch (error) {
        throw fromPg(error)
      }
    },

    async listen(channel, onRing) {
      if (closed) throw closedError()
      try {
        const { unlisten } = await pool.listen(channel, onRing)
        return unlisten
      } catch (error) {
        throw fromPg(error)
      }
    },

    async close() {
      closed = true
      await pool.end({ timeout: 5 })
    },
  }
}

const closedError = () => new CaliberError('unavailable', 'The database is closed. Open it again.')

function isDriverError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && !(error instanceof CaliberError)
}

/** How rows come back; see the contract of `Sql`. OIDs are from Postgres' pg_type.dat. */
const wireTypes = {
  int8: { to: 20, from: [20], serialize: String, parse: safeInteger },
  timestamptz: { to: 1184, from: [1184], serialize: String, parse: isoUtc },
  bytea: {
    to: 17,
    from: [17],
    serialize: String,
    parse: (hex: string) => new Uint8Array(Buffer.from(hex.slice(2), 'hex')),
  },
  textArray: { to: 1009, from: [1009], serialize: String, parse: parseTextArray },
  uuidArray: { to: 2951, from: [2951], serialize: String, parse: parseTextArray },
}

/** @throws CaliberError `internal` when the integer does not fit a JavaScript number */
export function safeInteger(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value))
    throw new CaliberError('internal', 'A stored integer is beyond 2^53. Please report this.')
  return value
}

/** `2026-11-22 00:13:36.123456+00` → `2026-11-22T00:13:36.123Z` */
export function isoUtc(text: string): string {
  return new Date(text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00')).toISOString()
}

/** Read a one-dimensional array literal: `{a,"b \"c\"",NULL}`. */
export function parseTextArray(literal: string): (string | null)[] {
  const items: (string | null)[] = []
  let i = 1
  while (i < literal.length - 1) {
    let item = ''
    if (literal[i] === '"') {
      for (i += 1; literal[i] !== '"'; i += 1) {
        if (literal[i] === '\\') i += 1
        item += literal[i] ?? ''
      }
      items.push(item)
      i += 2
    } else {
      while (i < literal.length - 1 && literal[i] !== ',') {
        item += literal[i] ?? ''
        i += 1
      }
      items.push(item === 'NULL' ? null : item)
      i += 1
    }
  }
  return items
}
