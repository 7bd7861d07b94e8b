/** The driver for a Postgres server that speaks the wire protocol: DATABASE_URL and the bundled native server. */
import postgres from 'postgres'
import { CaliberError } from '../domain/errors.ts'
import { fromPg } from './fromPg.ts'
import { type Database, type Sql, statement } from './sql.ts'
import { isoUtc, parseTextArray, safeInteger } from './wire.ts'

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
  const settings = {
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
  }
  const pool = postgres(options.url, { ...settings, max: options.poolSize ?? 8 })
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
              // Sent now, not when somebody waits for it: statements run in the order in which they are sent.
              return [...(await tx.unsafe(text, [...sent], { prepare: true }).execute())] as never
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
      // A connection of its own: a script may begin a transaction or change a setting and then fail.
      const session = postgres(options.url, { ...settings, max: 1 })
      try {
        await session.unsafe(text).simple()
      } catch (error) {
        throw fromPg(error)
      } finally {
        await session.end({ timeout: 5 })
      }
    },

    async listen(channel, onRing) {
      if (closed) throw closedError()
      try {
        const { unlisten } = await pool.listen(channel, onRing)
        // When the connection is gone already, nobody listens any more, which is what was asked for.
        return () => unlisten().catch(() => undefined)
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
