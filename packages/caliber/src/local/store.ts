/** Open and migrate the database of one of the three tiers. */
import { access, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DirectoryLock } from '../db/directory/lock.ts'
import { migrate } from '../db/migrate.ts'
import { openPostgres } from '../db/postgres.ts'
import type { Database } from '../db/sql.ts'
import { CaliberError } from '../domain/errors.ts'
import type { Tier } from './tier.ts'

export interface StoreOptions {
  readonly tier: Tier
  readonly lock: DirectoryLock
  /** Of tier `server`. */
  readonly databaseUrl?: string | undefined
  readonly statementTimeoutMs?: number | undefined
  readonly durability?: 'full' | 'relaxed' | undefined
}

export interface Store {
  readonly database: Database
  close(): Promise<void>
}

/** The database that the build made and migrated, so that a new directory starts without initdb. */
const snapshotFile = fileURLToPath(new URL('../../snapshot/cluster.tar.gz', import.meta.url))

/** @throws CaliberError `conflict` when the directory holds the data of another tier */
export async function openStore(options: StoreOptions): Promise<Store> {
  await assertTier(options)
  switch (options.tier) {
    case 'embedded':
      return openEmbedded(options)
    case 'native':
      return openNative(options)
    case 'server':
      return openServer(options)
  }
}

async function openEmbedded({ lock, durability, statementTimeoutMs }: StoreOptions): Promise<Store> {
  const { openPglite } = await import('../db/pglite/open.ts')
  const hasSnapshot = await access(snapshotFile).then(
    () => true,
    () => false,
  )
  const database = await openPglite({
    dataDir: lock.directory,
    lock,
    ...(hasSnapshot && { snapshotFile }),
    ...(durability && { durability }),
    ...(statementTimeoutMs !== undefined && { statementTimeoutMs }),
  })
  await migrate(database)
  return { database, close: () => database.close() }
}

async function openNative({ lock, statementTimeoutMs }: StoreOptions): Promise<Store> {
  const { startCluster } = await import('../db/native/cluster.ts')
  const cluster = await startCluster({ dataDir: lock.directory, lock })
  try {
    const admin = openPostgres({ url: cluster.adminUrl, tier: 'native', poolSize: 1 })
    try {
      await migrate(admin)
      await admin.script('grant caliber_app to caliber_login')
    } finally {
      await admin.close()
    }
  } catch (error) {
    await cluster.stop()
    throw error
  }
  const database = openPostgres({
    url: cluster.appUrl('postgres'),
    tier: 'native',
    ...(statementTimeoutMs !== undefined && { statementTimeoutMs }),
  })
  return {
    database,
    close: async () => {
      await database.close()
      await cluster.stop()
    },
  }
}

async function openServer({ databaseUrl, statementTimeoutMs }: StoreOptions): Promise<Store> {
  if (databaseUrl === undefined) {
    throw new CaliberError('invalid_input', 'The server tier needs a database. Set DATABASE_URL or pass databaseUrl.')
  }
  const database = openPostgres({
    url: databaseUrl,
    tier: 'server',
    ...(statementTimeoutMs !== undefined && { statementTimeoutMs }),
  })
  try {
    await migrate(database)
  } catch (error) {
    await database.close()
    throw error
  }
  return { database, close: () => database.close() }
}

/** A directory belongs to the tier that it was first opened with. */
async function assertTier({ tier, lock }: StoreOptions): Promise<void> {
  const file = path.join(lock.directory, 'tier')
  const stored = await readFile(file, 'utf8').catch(() => undefined)
  if (stored === undefined) await writeFile(file, tier, { mode: 0o600 })
  else if (stored !== tier) {
    throw new CaliberError(
      'conflict',
      `The data directory belongs to the ${stored} tier, not to ${tier}. Open it as ${stored}, or choose another directory.`,
      { stored, tier },
    )
  }
}
