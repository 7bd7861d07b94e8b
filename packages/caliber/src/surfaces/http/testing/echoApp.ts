import Fastify, { type FastifyInstance } from 'fastify'
import { takeJsonOnly } from '../jsonBody.ts'

/** Answers `POST /` with the body as it was read. */
export function echoApp(): FastifyInstance {
  const app = Fastify()
  takeJsonOnly(app)
  app.post('/', async ({ body }) => ({ body }))
  return app
}
