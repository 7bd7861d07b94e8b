/** Open and migrate the database of one of the three tiers. */
import { access, readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ClaimKey, installClaimKey } from '../db/claimKey.ts'
import { replaceFile } from '../db/directory/durable.ts'
import type { DirectoryLock } from '../db/directory/lock.ts'
import { migrate } from '../db/migrate.ts'
import { openPostgres } from '../db/postgres.ts'
import { assertWalls } from '../db/selfCheck.ts'
import { openSessions, type Sessions } from '../db/session.ts'
import type { Database } from '../db/sql.ts'
import { installVectorExtension } from '../db/vectorExtension.ts'
import { CaliberError } from '../domain/errors.ts'
import { ensureClaimKey } from './claimKeyFile.ts'
import type { CaliberOptions } from './openCaliber.ts'
import { isTier, type Tier } from './tier.ts'

export interface Store {
  readonly sessions: Sessions
  close(): Promise<void>
}

/** The database that the build made and migrated, so that a new directory starts without initdb. */
const snapshotFile = fileURLToPath(new URL('../../snapshot/cluster.tar.gz', import.meta.url))

/** @throws CaliberError `conflict` when the directory holds the data of another tier, or the database is not safe */
export async function openStore(lock: DirectoryLock, options: CaliberOptions): Promise<Store> {
  const tier = await tierOf(lock, options)
  const key = await ensureClaimKey(lock.directory)
  const { database, close } = await openTier(tier, lock, options, key)
  try {
    await assertWalls(database)
  } catch (error) {
    await close()
    throw error
  }
  return { sessions: openSessions(database, key), close }
}

interface Opened {
  readonly database: Database
  close(): Promise<void>
}

function openTier(tier: Tier, lock: DirectoryLock, options: CaliberOptions, key: ClaimKey): Promise<Opened> {
  switch (tier) {
    case 'embedded':
      return openEmbedded(lock, options, key)
    case 'native':
      return openNative(lock, options, key)
    case 'server':
      return openServer(options, key)
  }
}

async function openEmbedded(
  lock: DirectoryLock,
  { durability, statementTimeoutMs }: CaliberOptions,
  key: ClaimKey,
): Promise<Opened> {
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
  await installVectorExtension(database)
  await installClaimKey(database, key)
  return { database, close: () => database.close() }
}

async function openNative(lock: DirectoryLock, { statementTimeoutMs }: CaliberOptions, key: ClaimKey): Promise<Opened> {
  const { startCluster } = await import('../db/native/cluster.ts')
  const cluster = await startCluster({ dataDir: lock.directory, lock })
  try {
    const admin = openPostgres({ url: cluster.adminUrl, tier: 'native', poolSize: 1 })
    try {
      await migrate(admin)
      await installClaimKey(admin, key)
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

async function openServer(options: CaliberOptions, key: ClaimKey): Promise<Opened> {
  const { statementTimeoutMs } = options
  const databaseUrl = urlOf(options)
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
    await installWherePossible(database, key)
  } catch (error) {
    await database.close()
    throw error
  }
  return { database, close: () => database.close() }
}

/** A role that serves and cannot install has its key installed by `caliber migrate`; the first session tells if not. */
async function installWherePossible(database: Database, key: ClaimKey): Promise<void> {
  try {
    await installClaimKey(database, key)
  } catch (error) {
    if (!(error instanceof CaliberError) || error.code !== 'forbidden') throw error
  }
}

const urlOf = ({ databaseUrl }: CaliberOptions): string | undefined => databaseUrl ?? process.env['DATABASE_URL']

/**
 * A directory belongs to the tier that it was first opened with. What the caller says must agree; what merely stands
 * in the environment decides only about a new directory.
 */
async function tierOf(lock: DirectoryLock, options: CaliberOptions): Promise<Tier> {
  const file = path.join(lock.directory, 'tier')
  const stored = await readFile(file, 'utf8').catch(() => undefined)
  const asked = options.tier ?? (options.databaseUrl === undefined ? undefined : 'server')
  if (stored === undefined) {
    const tier = asked ?? (urlOf(options) === undefined ? 'embedded' : 'server')
    await replaceFile(file, tier)
    return tier
  }
  if (!isTier(stored) || (asked !== undefined && asked !== stored)) {
    throw new CaliberError(
      'conflict',
      `The data directory belongs to the ${stored} tier, not to ${asked}. Open it as ${stored}, or choose another one.`,
      { stored, asked },
    )
  }
  return stored
}
