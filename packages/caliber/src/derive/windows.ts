/**
 * The receipts of assembled contexts: stored behind the answer, found by their id.
 *
 * A window can be computed again, so nobody waits for its record: an answer leaves while it is being stored, and a crash
 * may lose the last ones. Bounded: with too many on their way, the next assembly waits for one. What cannot be stored
 * (a full disk, a database that went away) is dropped, and `find` says that there is none.
 */
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { deflateRawSync, inflateRaw } from 'node:zlib'
import { holdLineage } from '../db/holdLineage.ts'
import type { Sessions } from '../db/session.ts'
import { bytes, uuids } from '../db/sql.ts'
import type { KeptWindow } from '../domain/context/window.ts'
import type { RegionId } from '../domain/ids.ts'
import type { Principal } from '../domain/principal.ts'

/** Records on their way at once. */
const mostPending = 32
/** Ids known to be stored already: the same window is not stored twice in a row. */
const mostKnown = 10_000

export class Windows {
  readonly #sessions: Sessions
  readonly #pending = new Map<string, Promise<void>>()
  readonly #known = new Set<string>()

  constructor(sessions: Sessions) {
    this.#sessions = sessions
  }

  /** Store a window's record soon. @param regions of the items that it speaks of: who may read all of them may read it */
  async keep(principal: Principal, window: KeptWindow, regions: ReadonlySet<RegionId>): Promise<void> {
    const key = keyOf(principal, window.windowId)
    if (this.#known.has(key) || this.#pending.has(key)) return
    const stored = this.#store(principal, window, regions)
      .then(() => this.#remember(key))
      .catch(() => undefined)
      .finally(() => this.#pending.delete(key))
    this.#pending.set(key, stored)
    if (this.#pending.size > mostPending) await Promise.race(this.#pending.values())
  }

  /** A window by its id; undefined where there is no record of it that the principal may read, or none any more. */
  async find(principal: Principal, windowId: string): Promise<KeptWindow | undefined> {
    await this.#pending.get(keyOf(principal, windowId))
    const [found] = await this.#sessions.run(
      claimsOf(principal),
      (sql) => sql<{ record: Uint8Array }>`
        select record from caliber.context_window where tenant_id = caliber.current_tenant() and id = ${windowId}`,
      { readOnly: true },
    )
    return found && (JSON.parse((await inflate(found.record)).toString()) as KeptWindow)
  }

  /** Wait until everything that was kept is stored. */
  async close(): Promise<void> {
    await Promise.all(this.#pending.values())
  }

  async #store(principal: Principal, window: KeptWindow, regions: ReadonlySet<RegionId>): Promise<void> {
    // The fastest level: three quarters of the size for a quarter of a millisecond.
    const record = deflateRawSync(JSON.stringify(window), { level: 1 })
    const { request, verdicts, eventSeq } = window.receipt
    const included = verdicts.filter(({ verdict }) => verdict === 'included')
    // A summary says something of every turn before it: it goes when one of its scope does.
    const summarised = included.some(({ kind }) => kind === 'summary') && request.scopeId !== null
    const shown = [...included.map(({ id }) => id), ...(summarised ? [request.scopeId] : [])]
    const query = request.query === null ? null : createHash('sha256').update(request.query).digest()
    await this.#sessions.run(
      claimsOf(principal),
      async (sql) => {
        // Of a memory from before something was forgotten nothing is stored any more: it may show just that.
        await holdLineage(sql)
        await sql`
          insert into caliber.context_window (tenant_id, id, record, regions, items, query_digest)
          select caliber.current_tenant(), ${window.windowId}, ${bytes(record)}, ${uuids([...regions])}, ${uuids(shown)}, ${bytes(query)}
          where not exists (select from caliber.event where tenant_id = caliber.current_tenant()
                              and kind = 'memory.forgotten' and seq > ${eventSeq})
          on conflict (tenant_id, id) do nothing`
      },
      { relaxedDurability: true },
    )
  }

  #remember(key: string): void {
    if (this.#known.size >= mostKnown) this.#known.clear()
    this.#known.add(key)
  }
}

const inflate = promisify(inflateRaw)

const keyOf = ({ tenantId }: Principal, windowId: string) => `${tenantId} ${windowId}`

const claimsOf = ({ tenantId, principalId, regions }: Principal) => ({ tenantId, principalId, reach: regions })
