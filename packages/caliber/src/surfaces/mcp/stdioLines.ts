/**
 * The inbound half of the stdio transport: one JSON-RPC message per line, of bounded length.
 *
 * The SDK's reader drops a line that is no message without a word, ends the connection over a long one, and copies what
 * it holds with every chunk. Here a bad line gets a JSON-RPC error and the connection lives, and each good line goes on
 * as one chunk.
 */
import { Transform, type TransformCallback } from 'node:stream'
import {
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResponse,
  ProtocolErrorCode,
} from '@modelcontextprotocol/server'

/** Answers a line that cannot be served. @param id of the request, null where it cannot be told */
export type RefuseLine = (id: string | number | null, code: number, message: string) => void

const newline = 0x0a
/** Enough of either end of a long line to find the id of the request. */
const endBytes = 256

export class StdioLines extends Transform {
  readonly #maxBytes: number
  readonly #refuse: RefuseLine
  #held: Buffer[] = []
  #heldBytes = 0
  /** First and last octets of a line that is too long to hold. */
  #overlong: { readonly head: Buffer; tail: Buffer } | undefined

  constructor(maxBytes: number, refuse: RefuseLine) {
    super()
    this.#maxBytes = maxBytes
    this.#refuse = refuse
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    let rest = chunk
    for (let end = rest.indexOf(newline); end !== -1; end = rest.indexOf(newline)) {
      this.#hold(rest.subarray(0, end))
      this.#endLine()
      rest = rest.subarray(end + 1)
    }
    this.#hold(rest)
    done()
  }

  #hold(piece: Buffer): void {
    if (this.#overlong) {
      this.#overlong.tail = Buffer.concat([this.#overlong.tail, piece.subarray(-endBytes)]).subarray(-endBytes)
      return
    }
    this.#held.push(piece)
    this.#heldBytes += piece.length
    if (this.#heldBytes <= this.#maxBytes) return
    const line = this.#take()
    this.#overlong = { head: Buffer.from(line.subarray(0, endBytes)), tail: Buffer.from(line.subarray(-endBytes)) }
  }

  #take(): Buffer {
    const line = Buffer.concat(this.#held)
    this.#held = []
    this.#heldBytes = 0
    return line
  }

  #endLine(): void {
    if (this.#overlong) {
      const { head, tail } = this.#overlong
      this.#overlong = undefined
      const message = `A message is at most ${this.#maxBytes} octets. Send less at once.`
      this.#refuse(idIn(head.toString(), tail.toString()), ProtocolErrorCode.InvalidRequest, message)
      return
    }
    const line = this.#take()
    const text = line.toString().trim()
    if (text === '') return
    const value = parse(text)
    if (isMessage(value)) this.push(Buffer.concat([line, Buffer.of(newline)]))
    else if (value === undefined) {
      this.#refuse(null, ProtocolErrorCode.ParseError, 'A line is no JSON. Send one message per line.')
    } else this.#refuse(idOf(value), ProtocolErrorCode.InvalidRequest, 'A line is no JSON-RPC 2.0 message.')
  }
}

/** @returns undefined for what is no JSON */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isMessage(value: unknown): boolean {
  return isJSONRPCRequest(value) || isJSONRPCNotification(value) || isJSONRPCResponse(value)
}

function idOf(value: unknown): string | number | null {
  if (typeof value !== 'object' || value === null || !('id' in value)) return null
  return typeof value.id === 'string' || typeof value.id === 'number' ? value.id : null
}

const id = '"id"\\s*:\\s*(\\d{1,15}|"[^"\\\\]{1,100}")'
const leadingId = new RegExp(`^\\s*\\{\\s*(?:"jsonrpc"\\s*:\\s*"2\\.0"\\s*,\\s*)?${id}\\s*,`, 'u')
const trailingId = new RegExp(`,\\s*${id}\\s*\\}\\s*$`, 'u')

/** The id as the first or the last member, where clients write it. Anchored, so no content can pose as one. */
function idIn(head: string, tail: string): string | number | null {
  const found = leadingId.exec(head)?.[1] ?? trailingId.exec(tail)?.[1]
  if (found === undefined) return null
  return found.startsWith('"') ? found.slice(1, -1) : Number(found)
}
