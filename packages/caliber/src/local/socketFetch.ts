/** `fetch` over a unix socket, as far as the client needs it: one request, one whole response. */
import { request } from 'node:http'

/** @param socketPath where the server listens; the host in a URL is ignored */
export function socketFetch(socketPath: string): typeof fetch {
  return (target, init = {}) =>
    new Promise((resolve, reject) => {
      const url = new URL(String(target))
      const outgoing = request(
        {
          socketPath,
          path: url.pathname + url.search,
          method: init.method ?? 'GET',
          headers: { host: 'localhost', ...Object.fromEntries(new Headers(init.headers)) },
          ...(init.signal && { signal: init.signal }),
        },
        (incoming) => {
          const pieces: Buffer[] = []
          incoming.on('data', (piece: Buffer) => pieces.push(piece))
          incoming.on('error', reject)
          incoming.on('end', () => {
            const headers = Object.entries(incoming.headers).map(([name, value]): [string, string] => [
              name,
              String(value),
            ])
            const status = incoming.statusCode ?? 502
            resolve(new Response(status === 204 ? null : Buffer.concat(pieces), { status, headers }))
          })
        },
      )
      outgoing.on('error', reject)
      outgoing.end(init.body === undefined || init.body === null ? undefined : String(init.body))
    })
}
