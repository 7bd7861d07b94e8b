/**
 * A file that only takes up room.
 *
 * Postgres cannot start on a full disk: recovery writes. Giving the ballast back makes room for that, so a full disk
 * costs writes, never the way back in.
 */
import { randomBytes } from 'node:crypto'
import fs from 'node:fs/promises'

/** Four WAL segments of the clusters that we make. */
const BALLAST_BYTES = 16 * 1024 * 1024

/** Take up the room, if it is not taken and the disk has several times as much left. */
export async function ensureBallast(file: string): Promise<void> {
  const size = await fs.stat(file).then(
    (stat) => stat.size,
    () => 0,
  )
  if (size === BALLAST_BYTES) return
  try {
    await fs.rm(file, { force: true })
    const disk = await fs.statfs(file.replace(/[^/\\]*$/, ''))
    if (disk.bavail * disk.bsize < 4 * BALLAST_BYTES) return
    // Random, because some file systems store zeros for free.
    await fs.writeFile(file, randomBytes(BALLAST_BYTES), { mode: 0o600, flush: true })
  } catch {
    // Somebody else was faster with the last of the room: half a ballast helps nobody.
    await fs.rm(file, { force: true })
  }
}

/** Give the room back. False when there was none to give. */
export async function releaseBallast(file: string): Promise<boolean> {
  try {
    await fs.unlink(file)
    return true
  } catch {
    return false
  }
}
