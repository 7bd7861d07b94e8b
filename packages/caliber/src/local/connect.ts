/**
 * A lasting way to the memory of a data directory, whoever owns it at the moment.
 *
 * Owning, attaching and taking over look the same to the caller: a call that finds its owner gone takes the directory
 * over, or attaches to whoever did, and is made again.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Transport } from '@caliber/client'
import { CaliberError } from '../domain/errors.ts'
import type { CaliberOptions } from './openCaliber.ts'
import type { Seat } from './seat.ts'
import { takeSeat } from './takeSeat.ts'

export interface Connection {
  readonly transport: Transport
  /** Let running calls finish, then release everything. Idempotent. */
  close(): Promise<void>
}

/** An embedded directory opens in a second or two; a slow disk gets ten times that. */
const patienceMs = 30_000
const lookAgainMs = 100

/** Connect to a data directory. @throws CaliberError as {@link takeSeat} does */
export async function connect(options: CaliberOptions): Promise<Connection> {
  let seat = await waitForSeat(options)
  let moving: Promise<Seat> | undefined
  let closed = false

  /** Calls that find the owner gone at the same time share one new seat. */
  const move = (from: Seat): Promise<Seat> => {
    if (seat !== from) return Promise.resolve(seat)
    moving ??= waitForSeat(options).finally(() => {
      moving = undefined
    })
    return moving
  }

  return {
    transport: {
      async call(operation, input, callOptions) {
        if (closed) throw new CaliberError('unavailable', 'This Caliber is closed. Open it again.')
        const from = seat
        if (from.role === 'owner') return from.transport.call(operation, input, callOptions)
        // The same key every time: should an owner have got the request after all, it is not done twice.
        const keyed = { ...callOptions, idempotencyKey: callOptions?.idempotencyKey ?? randomUUID() }
        const untilMs = Date.now() + patienceMs
        for (let at: Seat = from; ; at = seat) {
          try {
            return await at.transport.call(operation, input, keyed)
          } catch (error) {
            if (!isUnreached(error) || Date.now() >= untilMs) throw error
            seat = await move(at)
          }
        }
      },
    },
    async close() {
      if (closed) return
      closed = true
      await moving?.catch(() => undefined)
      await seat.close()
    },
  }
}

/** Take a seat; where another process is just opening the directory, wait until it answers. */
export async function waitForSeat(options: CaliberOptions): Promise<Seat> {
  const untilMs = Date.now() + patienceMs
  for (;;) {
    try {
      return await takeSeat(options)
    } catch (error) {
      if (!isUnavailable(error) || !isOpening(error) || Date.now() >= untilMs) throw error
      await sleep(lookAgainMs)
    }
  }
}

function isUnavailable(error: unknown): error is CaliberError {
  return error instanceof CaliberError && error.code === 'unavailable'
}

/** Nobody answered at the owner's socket. That an owner says "unavailable" itself is an answer. */
function isUnreached(error: unknown): boolean {
  return isUnavailable(error) && 'origin' in error.detail
}

/** `takeSeat` names the process that is worth waiting for. */
function isOpening({ detail }: CaliberError): boolean {
  return 'pid' in detail
}
