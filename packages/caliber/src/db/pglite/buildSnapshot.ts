/** Make the snapshot that new embedded directories start from: an empty, migrated cluster. Part of the build. */
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { migrate, shippedMigrations } from '../migrate.ts'
import { openPglite } from './open.ts'

/**
 * Write `cluster.tar.gz` into a folder, unless the one there was made from the same migrations.
 *
 * @returns whether a new one was made
 */
export async function buildSnapshot(folder: string): Promise<boolean> {
  const stamp = createHash('sha256')
    .update(JSON.stringify((await shippedMigrations()).map(({ digest }) => digest)))
    .digest('hex')
  const stampFile = path.join(folder, 'migrations.sha256')
  if ((await readFile(stampFile, 'utf8').catch(() => '')) === stamp) return false
  const database = await openPglite()
  try {
    await migrate(database)
    await mkdir(folder, { recursive: true })
    const file = path.join(folder, 'cluster.tar.gz')
    await writeFile(`${file}.new`, await database.dump())
    await rename(`${file}.new`, file)
    await writeFile(stampFile, stamp)
  } finally {
    await database.close()
  }
  return true
}
