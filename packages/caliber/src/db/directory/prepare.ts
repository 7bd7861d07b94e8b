/** A data directory as we want it: there, ours, and closed to everybody else. */
import fs from 'node:fs/promises'
import path from 'node:path'
import { CaliberError } from '../../domain/errors.ts'
import { makeDirectory } from './durable.ts'

/**
 * Make the directory if it is missing, check it, and return its real path.
 *
 * One that exists is never tightened unless it is empty: it may be somebody's project folder that was named by mistake,
 * and changing its rights would break more than it protects. Root may use anybody's directory.
 *
 * @throws CaliberError `forbidden` when it belongs to somebody else or others can enter it, `invalid_input` when it is
 * no directory
 */
export async function prepareDirectory(directory: string): Promise<string> {
  try {
    await makeDirectory(path.resolve(directory))
  } catch (error) {
    throw new CaliberError(
      'invalid_input',
      `${directory} cannot be made. Name a directory that you may write.`,
      {},
      error,
    )
  }
  const real = await fs.realpath(directory)
  const stat = await fs.stat(real)
  if (!stat.isDirectory()) throw new CaliberError('invalid_input', `${directory} is not a directory. Name one.`)
  // Windows keeps rights in lists that the mode does not show.
  const uid = process.getuid?.()
  if (uid === undefined) return real
  if (uid !== 0 && stat.uid !== uid) {
    throw new CaliberError('forbidden', `${directory} belongs to another user. Use a directory of your own.`)
  }
  if ((stat.mode & 0o077) === 0) return real
  if ((await fs.readdir(real)).length > 0) {
    throw new CaliberError('forbidden', `Others can enter ${directory}. Run: chmod 700 ${JSON.stringify(real)}`)
  }
  await fs.chmod(real, 0o700)
  return real
}
