/**
 * A way to a memory for one command: a server somewhere else, the owner of a data directory, or the directory itself.
 *
 * Nothing heavy is imported here: what an owner needs is loaded by `takeSeat` when this process becomes one.
 */
import { randomUUID } from 'node:crypto'
import { httpTransport, type Transport } from '@caliber/client'
import { CaliberError } from '../../domain/errors.ts'
import { takeSeat } from '../../local/openCaliber.ts'
import type { Seat } from '../../local/seat.ts'
import { failureOf } from './exit.ts'
import type { Globals } from './globalOptions.ts'

export interface Connection {
  readonly transport: Transport
  /** Let running calls finish, then release everything. Idempotent. */
  close(): Promise<void>
}

export type Connect = (globals: Globals) => Promise<Connection>

/** Connect to the memory that the options name. */
export const connect: Connect = async (globals) => {
  const { url } = globals
  if (url !== undefined) return { transport: remote(url), close: async () => {} }
  let seat = await waitForSeat(globals)
  const transport: Transport = {
    async call(operation, input, options) {
      // The same key both times: should the owner have got the first request after all, it is not done twice.
      const keyed = { idempotencyKey: randomUUID(), ...options }
      try {
        return await seat.transport.call(operation, input, keyed)
      } catch (error) {
        if (seat.role === 'owner' || !isUnavailable(error)) throw error
        // The owner may have been a command like this one that has ended by now.
        seat = await waitForSeat(globals)
        return seat.transport.call(operation, input, keyed)
      }
    },
  }
  return { transport, close: () => seat.close() }
}

/** An embedded directory opens in two or three seconds; a slow disk gets ten times that. */
const patienceMs = 30_000
const pollMs = 100

/** Take a seat; where another process is just opening the directory, wait until it answers. */
export async function waitForSeat({ dataDir, tier, databaseUrl }: Globals): Promise<Seat> {
  const untilMs = Date.now() + patienceMs
  for (;;) {
    try {
      return await takeSeat({ dataDir, tier, databaseUrl })
    } catch (error) {
      if (!isUnavailable(error) || !isOpening(error) || Date.now() >= untilMs) throw error
      await new Promise((resolve) => setTimeout(resolve, pollMs))
    }
  }
}

function remote(url: string): Transport {
  const key = process.env['CALIBER_KEY'] ?? ''
  if (key === '') {
    throw new CaliberError('unauthenticated', `Calling ${url} needs an API key. Set CALIBER_KEY.`, { url })
  }
  const http = httpTransport({ url, key })
  return {
    call: (operation, input, options) =>
      http.call(operation, input, options).catch((error: unknown) => {
        const { code, message, detail } = failureOf(error)
        throw code === 'internal' ? error : new CaliberError(code, message, { ...detail }, error)
      }),
  }
}

function isUnavailable(error: unknown): error is CaliberError {
  return error instanceof CaliberError && error.code === 'unavailable'
}

/** `takeSeat` names the process that it would wait for. */
function isOpening({ detail }: CaliberError): boolean {
  return 'pid' in detail
}
