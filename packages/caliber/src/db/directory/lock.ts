/**
 * One owner per data directory, and none after a crash.
 *
 * On Linux the lock is an abstract unix socket named after the directory's real path: the kernel gives it to one process
 * and takes it back the moment that process ends, however it ends. It reaches as far as the network namespace; a
 * container beside us or another host on a shared disk would get a socket of its own. So the owner file beside it carries
 * a heartbeat (its modification time), and an owner from elsewhere whose heart still beats is refused. Such an owner is
 * taken for dead after {@link FOREIGN_DEAD_MS}; clocks of hosts that share a disk must agree by less than that.
 *
 * Elsewhere the owner file itself is the lock, made with O_EXCL. Its holder is dead when the machine has booted since or
 * no process has its pid. A pid that was given out again keeps the directory locked; the message says what to do.
 */
import { createHash } from 'node:crypto'
import fs from 'node:fs/promises'
import net from 'node:net'
import path from 'node:path'
import { CaliberError } from '../../domain/errors.ts'
import { OWNER_FILE, type OwnerInfo, ownerText, readOwner, removeOwner, thisOwner, writeOwner } from './owner.ts'
import { prepareDirectory } from './prepare.ts'

export interface DirectoryLock {
  /** The real path of the directory. */
  readonly directory: string
  /** Add to what others read about us. No secrets: whoever can read the directory can read it. */
  publish(info: Readonly<Record<string, string>>): Promise<void>
  /** Idempotent. */
  release(): Promise<void>
}

export type LockResult = ({ readonly held: true } & DirectoryLock) | { readonly held: false; readonly owner: OwnerInfo }

const HEARTBEAT_MS = 5_000
/** Four missed beats. */
const FOREIGN_DEAD_MS = 20_000

/**
 * Try to become the owner. Never waits.
 *
 * @param method only tests choose it
 * @throws CaliberError as {@link prepareDirectory} does
 */
export async function lockDirectory(
  directory: string,
  method: 'socket' | 'file' = process.platform === 'linux' ? 'socket' : 'file',
): Promise<LockResult> {
  const real = await prepareDirectory(directory)
  const me = await thisOwner()
  return method === 'socket' ? lockBySocket(real, me) : lockByFile(real, me)
}

/** Become the owner or explain who is. @throws CaliberError `conflict` with the owner in `detail` */
export async function holdDirectory(directory: string): Promise<DirectoryLock> {
  const lock = await lockDirectory(directory)
  if (lock.held) return lock
  const { pid, host, startedAt, published } = lock.owner
  throw new CaliberError(
    'conflict',
    `${directory} is in use by process ${pid} on ${host} since ${startedAt}. Attach to it, or stop it first. ` +
      `If no such process runs, wait ${FOREIGN_DEAD_MS / 1000} seconds and try again.`,
    { pid, host, startedAt, published },
  )
}

async function lockBySocket(directory: string, me: OwnerInfo): Promise<LockResult> {
  const name = `\0caliber-${createHash('sha256').update(directory).digest('hex')}`
  const socket = await bind(name)
  const other = await readOwner(directory)
  if (!socket) return { held: false, owner: other ?? unknownOwner(me) }
  const sameSpace = other?.bootId === me.bootId && other.space === me.space
  if (other && !sameSpace && (await heartbeatAgeMs(directory)) < FOREIGN_DEAD_MS) {
    socket.close()
    return { held: false, owner: other }
  }
  try {
    await writeOwner(directory, me)
  } catch (error) {
    // The socket is the lock. On a full disk the next `publish` says who we are: a way back in comes first.
    if (!isFull(error)) {
      socket.close()
      throw error
    }
  }
  return held(directory, me, () => socket.close())
}

async function lockByFile(directory: string, me: OwnerInfo): Promise<LockResult> {
  const file = path.join(directory, OWNER_FILE)
  for (let attempt = 0; attempt < 10; attempt += 1) {
    try {
      await fs.writeFile(file, ownerText(me), { mode: 0o600, flag: 'wx' })
      return held(directory, me, () => {})
    } catch (error) {
      if (isFull(error)) {
        await fs.rm(file, { force: true })
        throw new CaliberError('storage_full', 'The disk is full. Free some space, then try again.', {}, error)
      }
      if (codeOf(error) !== 'EEXIST') throw error
    }
    const other = await readOwner(directory)
    const age = await heartbeatAgeMs(directory)
    // A file that cannot be read is being written, or was left half written by a crash.
    const alive = other ? isAlive(other, me, age) : age < HEARTBEAT_MS
    if (alive) return { held: false, owner: other ?? unknownOwner(me) }
    await takeAway(directory, other?.token ?? null, me)
  }
  return { held: false, owner: (await readOwner(directory)) ?? unknownOwner(me) }
}

/** Move a dead owner's file aside; put it back when somebody else took over in between. */
async function takeAway(directory: string, token: string | null, me: OwnerInfo): Promise<void> {
  const file = path.join(directory, OWNER_FILE)
  const aside = `${file}.dead-${me.token}`
  try {
    await fs.rename(file, aside)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    throw error
  }
  const moved: unknown = await fs
    .readFile(aside, 'utf8')
    .then(JSON.parse)
    .catch(() => null)
  const movedToken = typeof moved === 'object' && moved !== null && 'token' in moved ? moved.token : null
  if (movedToken !== token) await fs.link(aside, file).catch(() => {})
  await fs.rm(aside, { force: true })
}

function isAlive(other: OwnerInfo, me: OwnerInfo, ageMs: number): boolean {
  if (other.host !== me.host) return ageMs < FOREIGN_DEAD_MS
  if (other.bootId !== me.bootId && ageMs > FOREIGN_DEAD_MS) return false
  try {
    process.kill(other.pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

function held(directory: string, me: OwnerInfo, free: () => void): LockResult {
  let owner = me
  let released: Promise<void> | null = null
  const file = path.join(directory, OWNER_FILE)
  const beat = setInterval(() => {
    const now = new Date()
    // A missed beat is no reason to stop: the next one may succeed, and four in a row only matter to other hosts.
    fs.utimes(file, now, now).catch(() => {})
  }, HEARTBEAT_MS)
  beat.unref()
  return {
    held: true,
    directory,
    async publish(info) {
      owner = { ...owner, published: { ...owner.published, ...info } }
      await writeOwner(directory, owner)
    },
    release() {
      released ??= (async () => {
        clearInterval(beat)
        await removeOwner(directory, me.token)
        free()
      })()
      return released
    },
  }
}

/** Listen on an abstract socket; null when another process does. It accepts nobody and keeps no process alive. */
function bind(name: string): Promise<net.Server | null> {
  return new Promise((resolve, reject) => {
    const server = net.createServer((connection) => connection.destroy())
    server.once('error', (error) => (codeOf(error) === 'EADDRINUSE' ? resolve(null) : reject(error)))
    server.listen({ path: name, exclusive: true }, () => resolve(server.unref()))
  })
}

async function heartbeatAgeMs(directory: string): Promise<number> {
  return fs.stat(path.join(directory, OWNER_FILE)).then(
    (stat) => Date.now() - stat.mtimeMs,
    () => Number.POSITIVE_INFINITY,
  )
}

/** Somebody holds the lock and has not written who yet. */
function unknownOwner(me: OwnerInfo): OwnerInfo {
  return { ...me, pid: 0, token: '', startedAt: new Date().toISOString() }
}

function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(codeOf(error))
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
