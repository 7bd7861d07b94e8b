/** Answer on a socket whose request could not be parsed: headers too large, too slow, or no HTTP at all. */
import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { CaliberError } from '../../domain/errors.ts'
import { type Refusal, refusalFor, refusalParts } from './refusal.ts'

export function refuseOnSocket(error: Error, socket: Duplex): void {
  // With an answer under way on this connection, another one in the middle of it would garble both.
  const busy: unknown = Reflect.get(socket, '_httpMessage')
  if (!socket.writable || busy || ('code' in error && error.code === 'ECONNRESET')) {
    socket.destroy()
    return
  }
  const known = refusalFor(error)
  const refusal: Refusal = known.defect === undefined ? known : notHttp
  const { headers, body } = refusalParts(refusal, randomUUID())
  const lines = Object.entries({ ...headers, 'content-length': String(Buffer.byteLength(body)), connection: 'close' })
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.end(`HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? ''}\r\n${head}\r\n${body}`)
}

const notHttp: Refusal = {
  status: 400,
  error: new CaliberError('invalid_input', 'This is not a well-formed HTTP/1.1 request.'),
}
