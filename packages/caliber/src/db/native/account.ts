/** The account that the server runs under. Postgres refuses to run as root. */
import fs from 'node:fs/promises'
import path from 'node:path'
import { CaliberError } from '../../domain/errors.ts'

export interface Account {
  readonly uid: number
  readonly gid: number
}

/** Null: our own account will do. For root: `postgres`, else `nobody`. */
export async function serverAccount(): Promise<Account | null> {
  if (process.getuid?.() !== 0) return null
  const lines = (await fs.readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'))
  for (const wanted of ['postgres', 'nobody']) {
    const [, , uid, gid] = lines.find(([name]) => name === wanted) ?? []
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new CaliberError(
    'unavailable',
    'Postgres does not run as root, and there is no account postgres or nobody. Start as another user.',
  )
}

/**
 * Hand the directory to the account and see that it can get there.
 *
 * @throws CaliberError `forbidden` when a directory above is closed to the account
 */
export async function handOver(directory: string, { uid, gid }: Account): Promise<void> {
  for (let above = path.dirname(directory); above !== path.dirname(above); above = path.dirname(above)) {
    const stat = await fs.stat(above)
    const bit = stat.uid === uid ? 0o100 : stat.gid === gid ? 0o010 : 0o001
    if ((stat.mode & bit) === 0) {
      throw new CaliberError(
        'forbidden',
        `Postgres does not run as root, and its own account cannot enter ${above}. Choose another data directory.`,
      )
    }
  }
  await fs.chown(directory, uid, gid)
}
