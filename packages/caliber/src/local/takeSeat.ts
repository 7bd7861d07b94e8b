/** Own a data directory, or attach to the process that does. */
import { type LockResult, lockDirectory } from '../db/directory/lock.ts'
import { CaliberError } from '../domain/errors.ts'
import { readCredential } from './credential.ts'
import { dataDirectory } from './dataDirectory.ts'
import type { CaliberOptions } from './openCaliber.ts'
import { remoteTransport } from './remoteTransport.ts'
import type { Seat } from './seat.ts'
import { socketFetch } from './socketFetch.ts'

/** @throws CaliberError `unavailable` while the owner is opening, `conflict`, `forbidden`; each says what to do */
export async function takeSeat(options: CaliberOptions = {}): Promise<Seat> {
  const directory = dataDirectory(options.dataDir)
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
  const transport = remoteTransport({ url: 'http://localhost', key: credential.key, fetch: socketFetch(socketPath) })
  return { role: 'attached', directory, credential, transport, owned: undefined, close: async () => {} }
}
