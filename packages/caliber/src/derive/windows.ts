/**
 * The receipts of assembled contexts: stored behind the answer, found by their id.
 *
 * A window can be computed again, so nobody waits for its record: an answer leaves while it is being stored, and a crash
 * may lose the last ones. Bounded: with too many on their way, the next assembly waits for one. What cannot be stored
 * (a full disk, a database that went away) is dropped, and `find` says that there is none.
 */
import { promisify } from 'node:util'
import { deflateRawSync, inflateRaw } from 'node:zlib'
import { type Claims, inSession } from '../db/session.ts'
import { bytes, type Database } from '../db/sql.ts'
import type { KeptWindow } from '../domain/context/window.ts'

/** Records on their way at once. */
const mostPending = 32
/** Ids known to be stored already: the same window is not stored twice in a row. */
const mostKnown = 10_000

export class Windows {
  readonly #database: Database
  readonly #pending = new Map<string, { readonly window: KeptWindow; readonly stored: Promise<void> }>()
  readonly #known = new Set<string>()

  constructor(database: Database) {
    this.#database = database
  }

  /** Store a window's record soon. */
  async keep(claims: Claims, window: KeptWindow): Promise<void> {
    const key = keyOf(claims, window.windowId)
    if (this.#known.has(key) || this.#pending.has(key)) return
    const stored = this.#store(claims, window)
      .then(() => this.#remember(key))
      .catch(() => undefined)
      .finally(() => this.#pending.delete(key))
    this.#pending.set(key, { window, stored })
    if (this.#pending.size > mostPending) await Promise.race([...this.#pending.values()].map((entry) => entry.stored))
  }

  /** A window by its id; undefined where there is no record of it, or none any more. */
  async find(claims: Claims, windowId: string): Promise<KeptWindow | undefined> {
    const pending = this.#pending.get(keyOf(claims, windowId))
    if (pending) return pending.window
    const [found] = await inSession(
      this.#database,
      claims,
      (sql) => sql<{ record: Uint8Array }>`
        select record from caliber.context_window where tenant_id = caliber.current_tenant() and id = ${windowId}`,
      { readOnly: true },
    )
    return found && (JSON.parse((await inflate(found.record)).toString()) as KeptWindow)
  }

  /** Wait until everything that was kept is stored. */
  async close(): Promise<void> {
    await Promise.all([...this.#pending.values()].map(({ stored }) => stored))
  }

  async #store(claims: Claims, window: KeptWindow): Promise<void> {
    // The fastest level: three quarters of the size for a quarter of a millisecond.
    const record = deflateRawSync(JSON.stringify(window), { level: 1 })
    await inSession(
      this.#database,
      claims,
      (sql) => sql`
        insert into caliber.context_window (tenant_id, id, record)
        values (caliber.current_tenant(), ${window.windowId}, ${bytes(record)})
        on conflict (tenant_id, id) do nothing`,
      { relaxedDurability: true },
    )
  }

  #remember(key: string): void {
    if (this.#known.size >= mostKnown) this.#known.clear()
    this.#known.add(key)
  }
}

const inflate = promisify(inflateRaw)

const keyOf = ({ tenantId }: Claims, windowId: string) => `${tenantId} ${windowId}`
