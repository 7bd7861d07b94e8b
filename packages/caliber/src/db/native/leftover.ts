/**
 * What a killed owner leaves behind: a server that still runs, or the children of one that was killed as well.
 *
 * Stopped rather than adopted: only a child of ours can be watched, and its start costs 0.1 s. On Linux we go by the
 * processes that work inside the cluster's directory, as every server process does, because a pid alone may belong to
 * somebody else by now, or to a zombie that nobody reaps and that Postgres would take for a living server.
 */
import fs from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CaliberError } from '../../domain/errors.ts'

/** Fast shutdown first; after this, the immediate one, which costs the next start a recovery. */
const FAST_LIMIT_MS = 5_000
const IMMEDIATE_LIMIT_MS = 5_000

/**
 * End every server process of the cluster, and clear its pid file away once there is none.
 *
 * The caller holds the lock of the directory, so whatever still runs here has lost its owner.
 *
 * @throws CaliberError `unavailable` when a process does not end
 */
export async function stopLeftover(clusterDir: string): Promise<void> {
  const pidFile = path.join(clusterDir, 'postmaster.pid')
  const server = Number((await fs.readFile(pidFile, 'utf8').catch(() => '')).split('\n')[0])
  const running = () => (process.platform === 'linux' ? serverProcesses(clusterDir) : alive(server))

  let pids = await running()
  for (const [signal, limitMs] of [
    ['SIGINT', FAST_LIMIT_MS],
    ['SIGQUIT', IMMEDIATE_LIMIT_MS],
  ] as const) {
    // The server ends its children. Children without a server notice by themselves, unless they are busy.
    for (const pid of pids.includes(server) ? [server] : signal === 'SIGQUIT' ? pids : []) sendSignal(pid, signal)
    for (let waitedMs = 0; waitedMs < limitMs && pids.length > 0; waitedMs += 20) {
      await sleep(20)
      pids = await running()
    }
  }
  if (pids.length > 0) {
    const text = `Postgres processes (${pids.join(', ')}) still run on this directory and do not stop. End them, then try again.`
    throw new CaliberError('unavailable', text, { pids })
  }
  await fs.rm(pidFile, { force: true })
}

/** Zombies have no working directory any more and do not count. */
async function serverProcesses(clusterDir: string): Promise<number[]> {
  const directory = await fs.realpath(clusterDir).catch(() => null)
  if (directory === null) return []
  const pids = (await fs.readdir('/proc')).map(Number).filter((pid) => Number.isInteger(pid) && pid > 0)
  const working = await Promise.all(
    pids.map(async (pid) => {
      const place = await fs.readlink(`/proc/${pid}/cwd`).catch(() => null)
      if (place !== directory) return false
      return (await fs.readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim() === 'postgres'
    }),
  )
  return pids.filter((_, i) => working[i])
}

async function alive(pid: number): Promise<number[]> {
  return pid > 0 && sendSignal(pid, 0) ? [pid] : []
}

/** False when there is no such process. */
function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
