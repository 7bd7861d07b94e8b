/**
 * Keep web pages out.
 *
 * A page in a browser on this machine can send requests to loopback. Two things give it away: a name of its own that was
 * rebound to this address arrives in `Host`, and a request across origins carries `Origin`. So Host must be loopback or
 * a name we were told, and Origin must be this server itself.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { CaliberError } from '../../domain/errors.ts'
import { isLoopback } from '../../domain/loopback.ts'

/** @throws CaliberError `forbidden` */
export function assertOwnOrigin({ host, origin }: IncomingHttpHeaders, allowedHosts: ReadonlySet<string>): void {
  const server = hostOf(`http://${host ?? ''}`)
  if (!server || !(isLoopback(server.hostname) || allowedHosts.has(server.hostname))) {
    throw new CaliberError(
      'forbidden',
      'The Host header names another server. Use a loopback address, or allow the name in the configuration.',
    )
  }
  if (origin === undefined) return
  // The scheme may differ: TLS can end at a proxy in front of us.
  if (/^https?:\/\//.test(origin) && hostOf(origin.replace(/^https:/, 'http:'))?.host === server.host) return
  throw new CaliberError('forbidden', 'Web pages of other origins may not call this server. Call it from a program.')
}

/** A name or address and a port, spelled out: URL parsers forgive more than that, such as a third slash or a tab. */
function hostOf(url: string): URL | undefined {
  return /^http:\/\/[\w.:[\]-]+$/.test(url) && URL.canParse(url) ? new URL(url) : undefined
}
