/** Own a data directory, or attach to the process that does. */
import os from 'node:os'
import path from 'node:path'
import { CaliberError as ClientError, httpTransport, type Transport } from '@caliber/client'
import { type LockResult, lockDirectory } from '../db/directory/lock.ts'
import { CaliberError, type ErrorCode, errorTable } from '../domain/errors.ts'
import { readCredential } from './credential.ts'
import type { CaliberOptions } from './openCaliber.ts'
import type { Seat } from './seat.ts'
import { socketFetch } from './socketFetch.ts'

/** @throws CaliberError `unavailable` while the owner is opening, `conflict`, `forbidden`; each says what to do */
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
    throw new CaliberError(error.code, error.message, { ...error.detail })
  }
  throw error
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorTable, code)
}
