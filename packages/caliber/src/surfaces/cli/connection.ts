/**
 * A way to a memory for one command: a server somewhere else, the owner of a data directory, or the directory itself.
 *
 * Nothing heavy is imported here: what an owner needs is loaded when this process becomes one.
 */
import type { Transport } from '@caliber/client'
import { CaliberError } from '../../domain/errors.ts'
import { type Connection, connect as connectTo } from '../../local/connect.ts'
import { remoteTransport } from '../../local/remoteTransport.ts'
import type { Globals } from './globalOptions.ts'

export type Connect = (globals: Globals) => Promise<Connection>

/** Connect to the memory that the options name. */
export const connect: Connect = async (globals) => {
  const { url } = globals
  if (url !== undefined) return { transport: remote(url), close: async () => {} }
  return connectTo(globals)
}

function remote(url: string): Transport {
  const key = process.env['CALIBER_KEY'] ?? ''
  if (key === '') {
    throw new CaliberError('unauthenticated', `Calling ${url} needs an API key. Set CALIBER_KEY.`, { url })
  }
  return remoteTransport({ url, key })
}
