/** Read a request body: JSON in valid UTF-8, without keys that could poison a prototype. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { CaliberError } from '../../domain/errors.ts'

/** Make JSON the only body this instance takes. An empty body is no body. */
export function takeJsonOnly(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      const text = decoded(request, body)
      if (text === '') return done(null)
      parse(request, text, (error, value) => (error ? done(notJson()) : done(null, value)))
    } catch (error) {
      done(error instanceof Error ? error : notJson())
    }
  })
}

function decoded({ headers }: FastifyRequest, body: string | Buffer): string {
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw new CaliberError(
      'invalid_input',
      'Compressed requests are not taken. Send the body without content-encoding.',
    )
  }
  if (typeof body === 'string') return body
  try {
    return utf8.decode(body)
  } catch {
    throw new CaliberError('invalid_input', 'The body is not valid UTF-8. Encode it again.')
  }
}

/** The parser takes off a byte order mark; a decoder that did so too would let a second one pass. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function notJson(): CaliberError {
  return new CaliberError(
    'invalid_input',
    'The body is not JSON, or has a key "__proto__" or "constructor" that no operation takes. Check its syntax.',
  )
}
