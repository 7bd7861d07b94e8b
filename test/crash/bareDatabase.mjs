/** The database of a data directory without the memory in it, and directories as an earlier version left them. */
import fs from 'node:fs/promises'
import { migrate, shippedMigrations } from '../../packages/caliber/dist/db/migrate.js'
import { startCluster } from '../../packages/caliber/dist/db/native/cluster.js'
import { openPglite } from '../../packages/caliber/dist/db/pglite/open.js'
import { openPostgres } from '../../packages/caliber/dist/db/postgres.js'

/** Open as the one who installs. @param snapshotFile what a new embedded directory starts from */
export async function openBare(tier, dataDir, snapshotFile) {
  if (tier === 'embedded') {
    const database = await openPglite({ dataDir, ...(snapshotFile && { snapshotFile }) })
    return { database, close: () => database.close() }
  }
  const cluster = await startCluster({ dataDir })
  const database = openPostgres({ url: cluster.adminUrl, tier: 'native', poolSize: 1 })
  return {
    database,
    close: async () => {
      await database.close()
      await cluster.stop()
    },
  }
}

/** Make a directory whose database has the first migrations and no more. @param folder for what can be used again */
export async function makeOlder(tier, dataDir, count, folder) {
  const older = (await shippedMigrations()).slice(0, count)
  const snapshotFile = tier === 'embedded' ? await olderSnapshot(older, `${folder}/older-${count}.tar.gz`) : undefined
  const { database, close } = await openBare(tier, dataDir, snapshotFile)
  await migrate(database, older)
  await close()
}

async function olderSnapshot(migrations, file) {
  const made = await fs.access(file).then(
    () => true,
    () => false,
  )
  if (made) return file
  const database = await openPglite()
  await migrate(database, migrations)
  await fs.writeFile(file, await database.dump())
  await database.close()
  return file
}
