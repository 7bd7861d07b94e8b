import { z } from 'zod'
import { CaliberError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import { operation } from '../operation.ts'
import { window } from './entity.ts'

export const explainContext = operation({
  name: 'context.explain',
  http: 'GET /v1/contexts/{windowId}',
  summary: 'Show an assembled context again: its text, and for every candidate why it is in or out.',
  example: { windowId: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' },
  input: z.strictObject({ windowId: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits') }),
  output: window,
  effect: 'recall',
  needs: 'read',
  mcp: true,
  idempotent: true,

  async run({ principal, windows }, { windowId }) {
    const found = await windows.find(principal, windowId)
    if (!found) {
      throw new CaliberError(
        'not_found',
        `There is no window ${windowId}. Receipts are kept for ${limits.windowRetentionDays} days; assemble it again.`,
        { windowId },
      )
    }
    return found
  },
})
