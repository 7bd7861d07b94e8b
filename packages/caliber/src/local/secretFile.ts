import { open, rename } from 'node:fs/promises'
import path from 'node:path'

/** Write a file that its owner alone can read, whole or not at all, and on disk when this resolves. */
export async function writeSecretFile(file: string, content: string): Promise<void> {
  const handle = await open(`${file}.new`, 'w', 0o600)
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(`${file}.new`, file)
  const directory = await open(path.dirname(file), 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
