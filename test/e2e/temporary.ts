import { chmod, mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'

/** Make a directory that {@link removeDirectories} takes away. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'caliber-e2e-'))
  // mkdtemp closes it to the account that a native server runs under when we are root.
  await chmod(directory, 0o711)
  made.add(directory)
  return directory
}

/** For afterEach or afterAll. */
export async function removeDirectories(): Promise<void> {
  for (const directory of made) {
    await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    made.delete(directory)
  }
}

const made = new Set<string>()
