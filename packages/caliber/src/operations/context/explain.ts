import { z } from 'zod'
import { operation } from '../operation.ts'
import { window, windowId } from './entity.ts'
import { noWindow } from './recompute.ts'

export const explainContext = operation({
  name: 'context.explain',
  http: 'GET /v1/contexts/{windowId}',
  summary: 'Show an assembled context again: its text, and for every candidate why it is in or out.',
  example: { windowId: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' },
  input: z.strictObject({ windowId }),
  output: window,
  effect: 'recall',
  needs: 'read',
  mcp: true,
  idempotent: true,

  async run({ principal, windows }, { windowId }) {
    const found = await windows.find(principal, windowId)
    if (!found) throw noWindow(windowId)
    return found
  },
})
