import { open } from 'node:fs/promises'
import path from 'node:path'
import { type AuthConfiguration, readAuthConfiguration } from '../auth/configuration.ts'
import { CaliberError } from '../domain/errors.ts'
import type { CaliberOptions } from './openCaliber.ts'

/** Name of the file in the data directory. */
const defaultName = 'auth.json'

/**
 * Read who may issue tokens: from the file that the options or the environment name, or that lies in the data directory.
 *
 * @returns undefined where none is named and none lies there: API keys alone
 * @throws CaliberError `invalid_input`, `forbidden`
 */
export async function readAuthFile(
  { authFile }: CaliberOptions,
  directory: string,
): Promise<AuthConfiguration | undefined> {
  const named = authFile ?? process.env['CALIBER_AUTH_FILE']
  const file = named ?? path.join(directory, defaultName)
  const content = await contentOf(file)
  if (content) return readAuthConfiguration(content, file)
  if (named === undefined) return undefined
  throw new CaliberError('invalid_input', `${file} is not there. Name the file that says who may issue tokens.`)
}

async function contentOf(file: string): Promise<Uint8Array | undefined> {
  try {
    const handle = await open(file)
    try {
      const { mode } = await handle.stat()
      if ((mode & 0o002) !== 0) throw new CaliberError('forbidden', writable(file))
      return await handle.readFile()
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    if (error instanceof CaliberError) throw error
    throw new CaliberError('invalid_input', `${file} cannot be read. Check what it is and who may read it.`, {}, error)
  }
}

function writable(file: string): string {
  return `Everybody on this machine can write ${file}, which decides who gets in. Run: chmod o-w ${JSON.stringify(file)}`
}
