/** Put the parts together: a database, the memories over it, and one way in. */
import { v7 } from 'uuid'
import { doorbell, readRing } from '../db/eventLog.ts'
import type { Database } from '../db/sql.ts'
import { Memories } from '../derive/memories.ts'
import { Windows } from '../derive/windows.ts'
import type { Principal } from '../domain/principal.ts'
import { openO200k } from '../models/tokenizer.ts'
import { createDispatch, type Dispatch } from '../operations/dispatch.ts'
import { authenticate } from '../operations/tenant/bootstrap.ts'
import { version } from './version.ts'

export interface RuntimeOptions {
  /** Octets that the memories of all tenants may hold together. Default 512 MiB. */
  readonly memoryBytes?: number | undefined
  newId?(): string
  now?(): Date
}

export interface Runtime {
  readonly dispatch: Dispatch
  /** @throws CaliberError `unauthenticated` */
  authenticate(key: string): Promise<Principal>
  close(): Promise<void>
}

const defaultMemoryBytes = 512 * 1024 * 1024
/** A lost ring costs a reader of another process at most this much freshness. */
const pollMs = 5_000
/** How long a verified key is trusted without asking the database; a revoked key dies within it. */
const keyTrustMs = 1_000
const keysTrusted = 1_000

/** The database stays the caller's to close. */
export async function createRuntime(database: Database, options: RuntimeOptions = {}): Promise<Runtime> {
  const now = options.now ?? (() => new Date())
  const startedMs = now().getTime()
  const memories = new Memories(database, { maxBytes: options.memoryBytes ?? defaultMemoryBytes, pollMs, now })
  const windows = new Windows(database)
  const unlisten = await database.listen(doorbell, (payload) => {
    const ring = readRing(payload)
    if (ring) memories.grown(ring.tenantId, ring.seq)
  })
  const dispatch = createDispatch({
    database,
    memories,
    windows,
    tokenizer: openO200k(),
    newId: options.newId ?? v7,
    now,
    status: async () => ({
      version,
      tier: database.tier,
      database: await answers(database),
      uptimeSeconds: Math.round((now().getTime() - startedMs) / 1000),
    }),
  })
  return {
    dispatch,
    authenticate: trusting((key) => authenticate(database, key), now),
    async close() {
      await unlisten()
      await windows.close()
    },
  }
}

async function answers(database: Database): Promise<'ok' | 'unavailable'> {
  return database
    .transaction((sql) => sql`select 1`, { readOnly: true })
    .then(
      () => 'ok' as const,
      () => 'unavailable' as const,
    )
}

function trusting(verify: (key: string) => Promise<Principal>, now: () => Date): (key: string) => Promise<Principal> {
  const verified = new Map<string, { principal: Principal; untilMs: number }>()
  return async (key) => {
    const known = verified.get(key)
    if (known && known.untilMs > now().getTime()) return known.principal
    const principal = await verify(key)
    if (verified.size >= keysTrusted) verified.clear()
    verified.set(key, { principal, untilMs: now().getTime() + keyTrustMs })
    return principal
  }
}
