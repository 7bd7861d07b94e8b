import { z } from 'zod'
import { operation } from '../operation.ts'

export const serverHealth = operation({
  name: 'server.health',
  http: 'GET /v1/health',
  summary: 'Say whether the server and its database answer.',
  example: {},
  input: z.strictObject({}),
  output: z.strictObject({
    status: z.enum(['ok', 'unavailable']),
    database: z.enum(['ok', 'unavailable']),
    uptimeSeconds: z.number(),
  }),
  effect: 'status',
  needs: 'none',
  mcp: false,
  idempotent: true,

  async run({ status }) {
    const { database, uptimeSeconds } = await status()
    return { status: database, database, uptimeSeconds }
  },
})
