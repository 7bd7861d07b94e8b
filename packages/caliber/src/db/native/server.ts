/** The server process: started on a port, watched until it serves, stopped. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import fs from 'node:fs/promises'
import net from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CaliberError } from '../../domain/errors.ts'
import type { Account } from './account.ts'
import type { Binaries } from './binaries.ts'
import { environment } from './program.ts'

const START_LIMIT_MS = 30_000
const STOP_LIMIT_MS = 20_000
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  fsync: 'on',
  synchronous_commit: 'on',
  password_encryption: 'scram-sha-256',
  timezone: 'UTC',
  log_timezone: 'UTC',
}

/**
 * Start, and wait until it serves.
 *
 * A port that was free a moment ago may be taken now, so one that nobody asked for gets three chances.
 *
 * @throws CaliberError `unavailable` with the end of the server's log as the cause, `storage_full` when it names that
 */
export async function startServer(
  binaries: Binaries,
  directory: string,
  clusterDir: string,
  wantedPort: number | undefined,
  account: Account | null,
): Promise<{ readonly server: ChildProcess; readonly port: number }> {
  const logFile = path.join(directory, 'server.log')
  for (let attempt = 1; ; attempt += 1) {
    const port = wantedPort ?? (await freePort())
    const log = openSync(logFile, 'w', 0o600)
    const server = spawn(
      binaries.postgres,
      [
        '-D',
        clusterDir,
        '-p',
        String(port),
        ...Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      // Detached: a terminal's Ctrl-C is ours to pass on, after the pool is closed.
      { cwd: directory, env: environment(), stdio: ['ignore', log, log], detached: true, ...account },
    )
    closeSync(log)
    if (await isReady(server, clusterDir)) return { server, port }
    await stopServer(server)
    const said = await fs.readFile(logFile, 'utf8').catch(() => '')
    const portTaken = said.includes('could not bind') && wantedPort === undefined
    if (portTaken && attempt < 3) continue
    throw new CaliberError(
      /No space left/.test(said) ? 'storage_full' : 'unavailable',
      `The bundled Postgres did not start. ${logFile} says why.`,
      { port },
      new Error(said.slice(-2000)),
    )
  }
}

/** The eighth line of postmaster.pid turns `ready` when connections are served. */
async function isReady(server: ChildProcess, clusterDir: string): Promise<boolean> {
  let gone = false
  server.once('exit', () => {
    gone = true
  })
  server.once('error', () => {
    gone = true
  })
  for (let waitedMs = 0; waitedMs < START_LIMIT_MS && !gone; waitedMs += 10) {
    const lines = (await fs.readFile(path.join(clusterDir, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
    if (Number(lines[0]) === server.pid && lines[7]?.trim() === 'ready') return true
    await sleep(10)
  }
  return false
}

/** Fast shutdown, and the immediate one when that takes too long. */
export async function stopServer(server: ChildProcess): Promise<void> {
  const isGone = () => server.pid === undefined || server.exitCode !== null || server.signalCode !== null
  if (isGone()) return
  const exited = new Promise<void>((resolve) => server.once('exit', () => resolve()))
  server.kill('SIGINT')
  const hard = setTimeout(() => server.kill('SIGQUIT'), STOP_LIMIT_MS)
  if (!isGone()) await exited
  clearTimeout(hard)
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
