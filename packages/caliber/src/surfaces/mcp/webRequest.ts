import type { FastifyReply, FastifyRequest } from 'fastify'

/** The request as the SDK takes it: without its credential, and aborted when the client hangs up. */
export function webRequest({ method, headers }: FastifyRequest, { raw }: FastifyReply): Request {
  const passed = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name === 'authorization' || name === 'cookie') continue
    for (const item of [value].flat()) passed.append(name, item)
  }
  const gone = new AbortController()
  raw.once('close', () => {
    if (!raw.writableFinished) gone.abort()
  })
  return new Request('http://localhost/mcp', { method, headers: passed, signal: gone.signal })
}
