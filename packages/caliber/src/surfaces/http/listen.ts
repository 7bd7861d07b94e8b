/**
 * Doors of an app: any number of addresses, TCP on loopback or unix sockets, all closed together.
 *
 * Fastify listens once per instance; each door here is an `http.Server` of its own on the instance's routing.
 */
import { chmod, lstat, unlink } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { connect } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { CaliberError } from '../../domain/errors.ts'
import { isLoopback } from '../../domain/loopback.ts'
import { refuseOnSocket } from './rawRefusal.ts'

export type Address = TcpAddress | SocketAddress

interface TcpAddress {
  /** A loopback address: `127.0.0.1`, `::1` or `localhost`. */
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
}

interface SocketAddress {
  /** Path of a unix socket; made for its owner alone. */
  readonly socketPath: string
}

export interface Doors {
  readonly servers: Set<Server>
  closing: boolean
}

/** Time that running requests get to finish when the app closes. */
const graceMs = 5_000
const timing = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 60_000,
  connectionsCheckingInterval: 5_000,
} as const

/** Let the app's `close` close its doors. Once per app, before it is ready. */
export function prepareDoors(app: FastifyInstance): Doors {
  const doors: Doors = { servers: new Set(), closing: false }
  app.decorate(doorsKey, doors)
  app.addHook('preClose', async () => {
    doors.closing = true
    await Promise.all([...doors.servers].map(closeServer))
  })
  return doors
}

/**
 * Open a door. The app takes no more plugins after the first one.
 *
 * @returns `http://127.0.0.1:7411`, or `unix:/path`
 * @throws CaliberError `invalid_input` for an address off loopback, `conflict` for one that is taken
 */
export async function listenOn(app: FastifyInstance, address: Address): Promise<string> {
  if ('host' in address && !isLoopback(address.host)) {
    throw new CaliberError(
      'invalid_input',
      `Caliber listens on loopback only, not on ${address.host}: it does not speak TLS yet. Put a TLS proxy in front of it.`,
    )
  }
  await app.ready()
  const server = createServer(timing, app.routing)
  server.maxHeadersCount = 100
  server.on('clientError', refuseOnSocket)
  if ('socketPath' in address) await removeStale(address.socketPath)
  await listening(server, address)
  app.getDecorator<Doors>(doorsKey).servers.add(server)
  if ('host' in address) return urlOf(server, address.host)
  await chmod(address.socketPath, 0o600)
  return `unix:${address.socketPath}`
}

const doorsKey = 'doors'

function listening(server: Server, address: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(bindError(error, address)))
    server.once('listening', resolve)
    if ('host' in address) {
      server.listen({ host: address.host.replace(/^\[|\]$/g, ''), port: address.port })
      return
    }
    // The socket is born under the mask, so there is no moment in which others can connect.
    const mask = process.umask(0o177)
    try {
      server.listen({ path: address.socketPath })
    } finally {
      process.umask(mask)
    }
  })
}

async function closeServer(server: Server): Promise<void> {
  const deadline = setTimeout(() => server.closeAllConnections(), graceMs)
  await new Promise((resolve) => server.close(resolve))
  clearTimeout(deadline)
}

/** A socket file outlives a killed process; take it away, unless somebody answers on it. */
async function removeStale(socketPath: string): Promise<void> {
  const found = await lstat(socketPath).catch(() => undefined)
  if (!found) return
  if (!found.isSocket() || (await answers(socketPath))) throw taken(socketPath)
  await unlink(socketPath)
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath)
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}

function urlOf(server: Server, host: string): string {
  const bound = server.address()
  const port = typeof bound === 'object' && bound ? bound.port : 0
  return `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`
}

function bindError(error: Error, address: Address): CaliberError {
  const where = 'host' in address ? `${address.host}:${address.port}` : address.socketPath
  if ('code' in error && error.code === 'EADDRINUSE') return taken(where)
  return new CaliberError('unavailable', `Cannot listen on ${where}. Check the address and its permissions.`, {}, error)
}

function taken(where: string): CaliberError {
  return new CaliberError('conflict', `${where} is taken by something else. Stop that, or choose another address.`)
}
