import { z } from 'zod'
import { operation } from '../operation.ts'
import { changes, window, windowId } from './entity.ts'
import { recompute } from './recompute.ts'

export const replayContext = operation({
  name: 'context.replay',
  http: 'GET /v1/contexts/{windowId}/replay',
  summary: 'Compute a context again from the memory as of its event, and say whether it is the same.',
  example: { windowId: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' },
  input: z.strictObject({ windowId }),
  output: z.strictObject({
    isSame: z.boolean().describe('Whether it equals the stored one in every octet of context and receipt.'),
    changes,
    window: window.describe('As computed now. context.explain shows the stored one.'),
  }),
  effect: 'recall',
  needs: 'read',
  mcp: false,
  idempotent: true,

  async run(context, { windowId }) {
    const { window, isSame, changes } = await recompute(context, windowId)
    return { isSame, changes, window }
  },
})
