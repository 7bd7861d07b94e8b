import type { Client } from './generated/client.ts'
import { routes } from './generated/routes.ts'
import { type HttpTransportOptions, httpTransport } from './httpTransport.ts'
import type { CallOptions, Transport } from './transport.ts'

/** Give every operation a typed method, over any transport: HTTP, or a Caliber in the same process. */
export function clientOver(transport: Transport): Client {
  const nouns: Record<string, Record<string, unknown>> = {}
  for (const operation of Object.keys(routes)) {
    const [noun = '', verb = ''] = operation.split('.')
    const methods = nouns[noun] ?? {}
    methods[verb] = (input: unknown = {}, options?: CallOptions) => transport.call(operation, input, options)
    nouns[noun] = methods
  }
  // The interface and the route table are generated from one registry, so the names agree; the server checks the rest.
  return nouns as unknown as Client
}

/** Connect to a server. Nothing is sent until the first call. */
export function connect(options: HttpTransportOptions): Client {
  return clientOver(httpTransport(options))
}
