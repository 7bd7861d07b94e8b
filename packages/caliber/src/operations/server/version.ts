import { z } from 'zod'
import { operation } from '../operation.ts'

export const serverVersion = operation({
  name: 'server.version',
  http: 'GET /v1/version',
  summary: 'Say which version of Caliber answers, on which kind of database.',
  example: {},
  input: z.strictObject({}),
  output: z.strictObject({ version: z.string(), tier: z.enum(['embedded', 'native', 'server']) }),
  effect: 'status',
  needs: 'none',
  mcp: false,
  idempotent: true,

  async run({ status }) {
    const { version, tier } = await status()
    return { version, tier }
  },
})
