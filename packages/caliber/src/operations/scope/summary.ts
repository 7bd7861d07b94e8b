import { z } from 'zod'
import { operation } from '../operation.ts'
import { atLeastSeq, id } from '../schema.ts'
import { summary } from '../summary.ts'

export const scopeSummary = operation({
  name: 'scope.summary',
  http: 'GET /v1/scopes/{scopeId}/summary',
  summary: 'Say in short what was said in a scope.',
  example: { scopeId: '01890a5d-ac96-774b-bcce-b302099a8057' },
  input: z.strictObject({ scopeId: id('scope'), atLeastSeq }),
  output: summary,
  effect: 'recall',
  needs: 'read',
  mcp: true,
  idempotent: true,

  async run({ memory }, { scopeId, atLeastSeq: seq }) {
    return (await memory(seq)).summaryOfScope(scopeId)
  },
})
