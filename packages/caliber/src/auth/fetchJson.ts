/**
 * Fetch one small JSON object from the public internet, or from this machine where that was asked for.
 *
 * A name is judged by the addresses it stands for, at the moment of connecting: a name that somebody points at an inner
 * address reaches nothing. Redirects are not followed.
 */
import { type LookupAddress, lookup } from 'node:dns'
import http from 'node:http'
import https from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { isLoopbackAddress, isPublicAddress } from './address.ts'
import { readJsonObject } from './strictJson.ts'

export interface FetchOptions {
  /** The document is on this machine, and nowhere else. */
  readonly loopback: boolean
  readonly timeoutMs?: number
  readonly maxBytes?: number
  /** All addresses of a name; the system's resolver where left out. */
  resolve?(hostname: string): Promise<readonly LookupAddress[]>
}

/** @throws Error saying why there is no document */
export async function fetchJson(url: URL, options: FetchOptions): Promise<Record<string, unknown>> {
  const { loopback, timeoutMs = 5_000, maxBytes = 256 * 1024, resolve = resolved } = options
  const isAllowed = loopback ? isLoopbackAddress : isPublicAddress
  const literal = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(literal) !== 0 && !isAllowed(literal)) throw new Error(`${literal} is not an address to fetch from`)
  const response = await answerOf(url, {
    lookup: guarded(resolve, isAllowed),
    signal: AbortSignal.timeout(timeoutMs),
    headers: { accept: 'application/json', 'user-agent': 'caliber' },
    agent: false,
  })
  try {
    if (response.statusCode !== 200) throw new Error(`answered with status ${response.statusCode}`)
    const parts: Buffer[] = []
    let sizeBytes = 0
    for await (const part of response as AsyncIterable<Buffer>) {
      sizeBytes += part.byteLength
      if (sizeBytes > maxBytes) throw new Error(`answered with more than ${maxBytes} octets`)
      parts.push(part)
    }
    return readJsonObject(Buffer.concat(parts))
  } finally {
    response.destroy()
  }
}

function answerOf(url: URL, options: http.RequestOptions): Promise<http.IncomingMessage> {
  const { get } = url.protocol === 'http:' ? http : https
  return new Promise((resolve, reject) => {
    get(url, options, resolve).on('error', reject)
  })
}

/** Resolve a name, and fail where any of its addresses is not allowed. */
function guarded(
  resolve: (hostname: string) => Promise<readonly LookupAddress[]>,
  isAllowed: (address: string) => boolean,
): LookupFunction {
  return (hostname, { all }, callback) => {
    resolve(hostname).then(
      (addresses) => {
        const [first] = addresses
        const refused = addresses.find(({ address }) => !isAllowed(address))
        if (!first || refused) return callback(new Error(`${hostname} is not at an address to fetch from`), '')
        return all ? callback(null, [...addresses]) : callback(null, first.address, first.family)
      },
      (error: NodeJS.ErrnoException) => callback(error, ''),
    )
  }
}

function resolved(hostname: string): Promise<readonly LookupAddress[]> {
  return new Promise((resolve, reject) => {
    lookup(hostname, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)))
  })
}
