/**
 * Files and names that a power cut does not take away.
 *
 * Syncing a file makes its contents safe, not its name: that is safe when the directory that holds it was synced.
 */
import fs from 'node:fs/promises'
import path from 'node:path'

/** Make what a file holds, or the names in a directory, safe. */
export async function syncPath(place: string): Promise<void> {
  const handle = await fs.open(place, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Write a file that only we may read: a crash or a power cut leaves the old one or the new one, whole; afterwards the new one. */
export async function replaceFile(file: string, text: string): Promise<void> {
  const unfinished = `${file}.new`
  await fs.rm(unfinished, { force: true })
  await fs.writeFile(unfinished, text, { mode: 0o600, flush: true })
  await fs.rename(unfinished, file)
  await syncPath(path.dirname(file))
}

/**
 * Make a directory that only we may enter, and what is missing above it; the names of all of them are safe afterwards.
 * What has to be made above follows the umask, as with mkdir -p. One that is there is left alone.
 */
export async function makeDirectory(directory: string): Promise<void> {
  const above = path.dirname(directory)
  const uppermost = await fs.mkdir(above, { recursive: true })
  try {
    await fs.mkdir(directory, { mode: 0o700 })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return
    throw error
  }
  const until = uppermost === undefined ? above : path.dirname(uppermost)
  for (let place = above; ; place = path.dirname(place)) {
    await syncPath(place)
    if (place === until) return
  }
}
