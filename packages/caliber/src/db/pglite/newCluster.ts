/**
 * Making the directory of a new cluster, all or nothing.
 *
 * It is built under another name beside its place, synced, and renamed. A crash before the rename leaves a leftover that
 * the next attempt removes; a directory that carries the final name is always complete and on disk.
 */
import fs from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { syncPath } from '../directory/durable.ts'
import { readTar } from './tar.ts'

/**
 * Put a new cluster at `clusterDir` unless one is there.
 *
 * @param fill writes the cluster's files into the directory it is given
 */
export async function ensureCluster(clusterDir: string, fill: (unfinished: string) => Promise<void>): Promise<void> {
  const unfinished = `${clusterDir}.unfinished`
  await fs.rm(unfinished, { recursive: true, force: true })
  if (await exists(path.join(clusterDir, 'PG_VERSION'))) return
  await fs.mkdir(unfinished, { mode: 0o700 })
  await fill(unfinished)
  await syncTree(unfinished)
  await fs.rename(unfinished, clusterDir)
  await syncPath(path.dirname(clusterDir))
}

/** Unpack a snapshot. Nothing is synced yet: {@link ensureCluster} does that for the whole tree. */
export async function unpackSnapshot(snapshotFile: string, target: string): Promise<void> {
  const archive = await promisify(gunzip)(await fs.readFile(snapshotFile))
  const made = new Set([target])
  const directory = async (name: string): Promise<void> => {
    if (made.has(name)) return
    await fs.mkdir(name, { recursive: true, mode: 0o700 })
    made.add(name)
  }
  for (const entry of readTar(archive)) {
    // The mark of the session that was dumped, not part of the cluster.
    if (entry.name === '' || entry.name === 'postmaster.pid') continue
    const place = path.join(target, entry.name)
    await directory(entry.kind === 'directory' ? place : path.dirname(place))
    if (entry.kind === 'file') await fs.writeFile(place, entry.data, { mode: 0o600 })
  }
}

/** Sync every file and directory below; several at once, because the file system commits them together. */
async function syncTree(root: string): Promise<void> {
  const entries = await fs.readdir(root, { recursive: true, withFileTypes: true })
  const places = entries.filter((e) => e.isFile() || e.isDirectory()).map((e) => path.join(e.parentPath, e.name))
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let place = places.pop(); place !== undefined; place = places.pop()) await syncPath(place)
    }),
  )
  await syncPath(root)
}

async function exists(place: string): Promise<boolean> {
  return fs.access(place).then(
    () => true,
    () => false,
  )
}
