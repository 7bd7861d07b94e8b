/**
 * A memory on this machine, in one call.
 *
 * The first process to open a data directory owns it: it runs the database and answers the others over a unix socket
 * in the directory. A later process attaches: the same operations, over that socket, as the same principal. When the
 * owner goes away, the next call of an attached process takes the directory over.
 */
import { randomUUID } from 'node:crypto'
import os from 'node:os'
import path from 'node:path'
import { type Client, CaliberError as ClientError, clientOver, httpTransport, type Transport } from '@caliber/client'
import { type LockResult, lockDirectory } from '../db/directory/lock.ts'
import { CaliberError, type ErrorCode, errorTable } from '../domain/errors.ts'
import { readCredential } from './credential.ts'
import type { Seat } from './seat.ts'
import { socketFetch } from './socketFetch.ts'
import type { Tier } from './tier.ts'

export interface CaliberOptions {
  /** Where the data lives. Default: environment variable CALIBER_DATA_DIR, else `~/.caliber`. Made if missing. */
  readonly dataDir?: string | undefined
  /** `embedded` (PGlite), `native` (bundled Postgres server) or `server` (yours). Default: `server` with a databaseUrl, else `embedded`. */
  readonly tier?: Tier | undefined
  /** postgres:// URL of your own server. Default: environment variable DATABASE_URL. */
  readonly databaseUrl?: string | undefined
  /** Longest time one SQL statement may run. Default 30,000. */
  readonly statementTimeoutMs?: number | undefined
  /** `relaxed` acknowledges a write before it is on disk; only for the embedded tier. Default `full`. */
  readonly durability?: 'full' | 'relaxed' | undefined
  /** Octets that memories in RAM may take. Default 512 MiB. */
  readonly memoryBytes?: number | undefined
}

/** Every operation as a typed method, and an end. */
export interface Caliber extends Client {
  /** Let running calls finish, then release everything. Idempotent. */
  close(): Promise<void>
}

/** Open a memory. @throws CaliberError `conflict`, `forbidden`, `unavailable`, each saying what to do */
export async function openCaliber(options: CaliberOptions = {}): Promise<Caliber> {
  let seat = await takeSeat(options)
  let closed = false
  const transport: Transport = {
    async call(operation, input, callOptions) {
      if (closed) throw new CaliberError('unavailable', 'This Caliber is closed. Open it again.')
      // The same key both times: should the owner have got the first request after all, it is not done twice.
      const keyed = { idempotencyKey: randomUUID(), ...callOptions }
      try {
        return await seat.transport.call(operation, input, keyed)
      } catch (error) {
        if (seat.role === 'owner' || !isUnavailable(error)) throw error
        seat = await takeSeat(options)
        return seat.transport.call(operation, input, keyed)
      }
    },
  }
  return {
    ...clientOver(transport),
    async close() {
      if (closed) return
      closed = true
      await seat.close()
    },
  }
}

/** Own the data directory, or attach to its owner. */
export async function takeSeat(options: CaliberOptions = {}): Promise<Seat> {
  const directory = options.dataDir ?? process.env['CALIBER_DATA_DIR'] ?? path.join(os.homedir(), '.caliber')
  const lock = await lockDirectory(directory)
  if (!lock.held) return attach(directory, lock)
  // What an owner needs is loaded by owners alone: a command that attaches starts in a fraction of the time.
  const { own } = await import('./own.ts')
  return own(lock, options)
}

async function attach(directory: string, { owner }: Extract<LockResult, { held: false }>): Promise<Seat> {
  const socketPath = owner.published['socketPath']
  const credential = await readCredential(directory)
  if (socketPath === undefined || !credential) {
    throw new CaliberError(
      'unavailable',
      `Process ${owner.pid} is opening ${directory} and does not answer yet. Try again in a moment.`,
      { pid: owner.pid },
    )
  }
  const overHttp = httpTransport({ url: 'http://localhost', key: credential.key, fetch: socketFetch(socketPath) })
  const transport: Transport = {
    call: (operation, input, options) =>
      overHttp.call(operation, input, options).catch((error: unknown) => rethrow(error)),
  }
  return { role: 'attached', directory, credential, transport, owned: undefined, close: async () => {} }
}

/** An error of the owner is our own error: the same class whether we attach or own. */
function rethrow(error: unknown): never {
  if (error instanceof ClientError && isErrorCode(error.code)) {
    throw new CaliberError(error.code, error.message, { ...error.detail }, error)
  }
  throw error
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorTable, code)
}

function isUnavailable(error: unknown): boolean {
  return error instanceof CaliberError && error.code === 'unavailable'
}
