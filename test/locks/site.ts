/** A database of the product that a run contends in: migrated once, with locks of its own for each round. */
import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import {
  bootstrapTenant,
  claimKeyOf,
  createRuntime,
  type Dispatch,
  installClaimKey,
  migrate,
  newClaimKey,
  newCredential,
  openPostgres,
  openSessions,
  readKey,
  type Sessions,
} from './product.ts'

/** What a process must know to act in the database. */
export interface Site {
  readonly url: string
  readonly claimKey: Uint8Array
}

/** Who contends for what in a round. */
export interface Contest {
  /** Of each agent, by its number. */
  readonly principalIds: readonly string[]
  /** Regions that are written under their lock alone, each with its tenant. */
  readonly tenantIds: Readonly<Record<string, string>>
}

/** A process's way into a site. */
export interface Entrance {
  readonly sessions: Sessions
  readonly dispatch: Dispatch
  close(): Promise<void>
}

/** Make the database ready. @param url of the superuser */
export async function makeSite(url: string): Promise<Site> {
  const key = newClaimKey()
  const database = openPostgres({ url, tier: 'native', poolSize: 1 })
  await migrate(database)
  await installClaimKey(database, key)
  await database.close()
  return { url, claimKey: key.octets }
}

/** @param poolSize as many transactions may be open at once */
export async function enter({ url, claimKey }: Site, poolSize: number): Promise<Entrance> {
  const database = openPostgres({ url, tier: 'native', poolSize })
  const sessions = openSessions(database, claimKeyOf(claimKey))
  const runtime = await createRuntime(sessions)
  return {
    sessions,
    dispatch: runtime.dispatch,
    async close() {
      await runtime.close()
      await database.close()
    },
  }
}

/** Make so many locks, each in a tenant of its own: one tenant's writes wait for one another, and hide what we look for. */
export async function makeContest(entrance: Entrance, agents: number, locks: number): Promise<Contest> {
  const principalIds = Array.from({ length: agents }, () => randomUUID())
  const tenantIds: Record<string, string> = {}
  for (let i = 0; i < locks; i += 1) {
    const { tenantId, regionId } = await makeLock(entrance, principalIds)
    tenantIds[regionId] = tenantId
  }
  return { principalIds, tenantIds }
}

async function makeLock({ sessions, dispatch }: Entrance, principalIds: readonly string[]) {
  const { key, principalId } = await newCredential()
  const parts = readKey(key)
  if (!parts) throw new Error('A key that was just made cannot be read.')
  const { tenantId } = parts
  await bootstrapTenant(sessions, { ...parts, principalId, name: 'locks' })
  await sessions.run({ tenantId, principalId, reach: 'all' }, async (sql) => {
    for (const [number, id] of principalIds.entries()) {
      await sql`
        insert into caliber.principal (tenant_id, id, kind, name, rights)
        values (${tenantId}, ${id}, 'agent', ${`agent ${number}`}, '{read,write}')`
    }
  })
  const principal = { tenantId, principalId, rights: ['write'] as const }
  const input = { name: 'lock', kind: 'collaborative', writeRule: 'lock' }
  const { regionId } = (await dispatch({ operation: 'region.create', input, principal })) as { regionId: string }
  return { tenantId, regionId }
}

/** The seeded fault: the guard of protected writes looks at the lock's row and does not lock it. */
export async function takeForShareAway({ url }: Site): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    const [row] = await sql`select pg_get_functiondef('caliber_private.assert_fences'::regproc) as text`
    const guard = String(row?.['text'])
    const weakened = guard.replace(/ for share\b/i, '')
    if (weakened === guard) throw new Error('The guard has no FOR SHARE to take away.')
    await sql.unsafe(weakened)
  } finally {
    await sql.end()
  }
}
