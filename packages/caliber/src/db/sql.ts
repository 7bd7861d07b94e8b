/**
 * The database port: parametrised SQL, transactions and a doorbell.
 *
 * Three drivers stand behind it (PGlite in a worker, bundled native Postgres, any DATABASE_URL) and pass one
 * conformance suite, `sql.suite.ts`. The port hides what differs between them: how values travel (everything is
 * text, number, boolean or null on the wire), how rows come back (see {@link Sql}), and how a session is stopped.
 */

/** A value that a driver knows how to send. Build the composite ones with {@link json}, {@link uuids}, {@link texts}, {@link bytes}. */
export type SqlValue = string | number | boolean | null | Encoded

/** A value sent as text and cast by the server, so that no driver's own serialiser decides what arrives. */
export interface Encoded {
  readonly text: string | null
  readonly cast: 'jsonb' | 'uuid[]' | 'text[]' | 'bytea'
}

/** A constant piece of SQL text. Made by {@link fragment} alone, which takes no values. */
export interface Fragment {
  readonly sql: string
}

/** One statement with its parameters, ready for a driver. */
export interface Statement {
  readonly text: string
  readonly values: readonly (string | number | boolean | null)[]
}

/**
 * Run one statement. Values become parameters, never text.
 *
 * Rows are plain objects: `int8` as number (an unsafe integer is an error), `numeric` as string, `timestamptz` as
 * ISO-8601 UTC with milliseconds, `json` and `jsonb` parsed, `bytea` as Uint8Array, arrays of text and uuid as arrays.
 *
 * @throws whatever `fromPg` makes of the server's error: always a CaliberError
 */
export type Sql = <Row extends object = Record<string, unknown>>(
  strings: TemplateStringsArray,
  ...values: readonly (SqlValue | Fragment)[]
) => Promise<Row[]>

export interface TransactionOptions {
  /** Refuse writes; a snapshot for the whole transaction (repeatable read). */
  readonly readOnly?: boolean
  /** Commit without waiting for the disk. Only for values that can be computed again. */
  readonly relaxedDurability?: boolean
}

/**
 * A database that one process has open.
 *
 * Obligations of a driver: a resolved `transaction` is on disk (unless `relaxedDurability`); a rejected one changed
 * nothing; statements of one transaction run in the order in which they are sent, none of them after one that failed; a
 * statement beyond the driver's time limit is stopped and rejects with `timeout`; after `close` every call rejects with
 * `unavailable`. Obligations of a caller: await every statement, keep no `Sql` beyond its transaction, and open no
 * transaction inside another.
 */
export interface Database {
  readonly tier: 'embedded' | 'native' | 'server'
  transaction<T>(work: (sql: Sql) => Promise<T>, options?: TransactionOptions): Promise<T>
  /** Run a file of statements as the connecting role, outside any transaction of ours. For migrations. */
  script(text: string): Promise<void>
  /** Call `onRing` after notifications on `channel`. Rings may be lost or doubled: the event log is the truth. */
  listen(channel: string, onRing: (payload: string) => void): Promise<() => Promise<void>>
  close(): Promise<void>
}

/** Send a JSON value as `jsonb`. */
export function json(value: unknown): Encoded {
  return { text: JSON.stringify(value), cast: 'jsonb' }
}

/** Send ids as `uuid[]`, for `= any(…)`. */
export function uuids(ids: readonly string[]): Encoded {
  return { text: `{${ids.join(',')}}`, cast: 'uuid[]' }
}

/** Send strings as `text[]`. */
export function texts(values: readonly string[]): Encoded {
  const quoted = values.map((value) => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`)
  return { text: `{${quoted.join(',')}}`, cast: 'text[]' }
}

/** Send octets as `bytea`. */
export function bytes(value: Uint8Array | null): Encoded {
  return { text: value === null ? null : `\\x${Buffer.from(value).toString('hex')}`, cast: 'bytea' }
}

/** Name a constant piece of SQL, such as a list of columns, for use in several statements. */
export function fragment(strings: TemplateStringsArray): Fragment {
  return { sql: strings.join('') }
}

/** Turn a tagged template into text and numbered parameters. */
export function statement(strings: TemplateStringsArray, values: readonly (SqlValue | Fragment)[]): Statement {
  let text = strings[0] ?? ''
  const sent: (string | number | boolean | null)[] = []
  for (const [i, value] of values.entries()) {
    text += place(value, sent) + (strings[i + 1] ?? '')
  }
  return { text, values: sent }
}

function place(value: SqlValue | Fragment, sent: (string | number | boolean | null)[]): string {
  if (typeof value !== 'object' || value === null) return `$${sent.push(value)}`
  if ('sql' in value) return value.sql
  return `$${sent.push(value.text)}::text::${value.cast}`
}
