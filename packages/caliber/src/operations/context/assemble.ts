import { z } from 'zod'
import { retrieval, searchedFor } from '../../derive/context/sectionSources.ts'
import { type Moment, summarisedWindow } from '../../derive/context/summarisedWindow.ts'
import { lookAround } from '../../derive/lookAround.ts'
import type { Near } from '../../derive/tenantMemory.ts'
import type { QuestionVectors } from '../../derive/vector/vectorSpace.ts'
import { formats } from '../../domain/context/window.ts'
import { CaliberError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import { operation } from '../operation.ts'
import { atLeastSeq, id, text, trust } from '../schema.ts'
import { window } from './entity.ts'

export const assembleContext = operation({
  name: 'context.assemble',
  http: 'POST /v1/contexts',
  summary: 'Assemble the best context that fits in a token budget, with a receipt that explains every item.',
  example: { query: 'What is the current rate limit?', budgetTokens: 800, format: 'markdown' },
  input: z.strictObject({
    query: text(limits.queryChars)
      .optional()
      .describe(
        'The question at hand. Without one the conversation of the scope goes on, and windows keep their beginning.',
      ),
    scopeId: id('scope whose conversation to include').optional(),
    trajectoryId: id('trajectory to search in; the whole memory where left out').optional(),
    budgetTokens: z
      .int()
      .min(1)
      .max(limits.budgetTokens)
      .optional()
      .describe(
        `Upper bound for the whole context. The scope's budget where left out, ` +
          `${limits.defaultBudgetTokens} without a scope.`,
      ),
    format: z.enum(formats).default('markdown'),
    system: text(limits.systemChars).optional().describe('Your own instructions: first, complete, trusted.'),
    minTrust: trust.default(0).describe('Of all that you do not pin.'),
    pins: z.array(z.uuid()).max(limits.pinsPerContext).default([]).describe('Items that must be in the context.'),
    atLeastSeq,
  }),
  output: window,
  effect: 'recall',
  needs: 'read',
  mcp: true,
  idempotent: true,

  async run(
    { principal, memory, vectorsOf, tokenizer, now, windows },
    { atLeastSeq, query, scopeId, trajectoryId, system, budgetTokens, ...rest },
  ) {
    if (query === undefined && scopeId === undefined) {
      throw new CaliberError('invalid_input', 'A context needs a query, a scopeId or both. Say what it is for.')
    }
    const held = await memory(atLeastSeq)
    const scopeTokens = scopeId === undefined ? undefined : held.scope(scopeId).budgetTokens
    const request = {
      ...rest,
      budgetTokens: budgetTokens ?? scopeTokens ?? limits.defaultBudgetTokens,
      query: query ?? null,
      scopeId: scopeId ?? null,
      trajectoryId: trajectoryId ?? null,
      system: system ?? null,
    }
    let asked: string | undefined
    let vectors: QuestionVectors = new Map()
    let near: Near | undefined
    const at = now()
    const again = () => memory(atLeastSeq)
    const look = async (): Promise<Moment> => {
      for (;;) {
        const seen = await again()
        const words = searchedFor(request, seen)
        if (words !== asked) {
          // While the model is asked, the user may say more and rights may change: look again after it.
          asked = words
          vectors = words === undefined ? new Map() : await vectorsOf(words)
          near = undefined
          continue
        }
        if (near?.seq === seen.seq) return { memory: seen, vectors, near }
        const looked = await lookAround(seen, again, (held) =>
          retrieval({ request, memory: held, vectors, nowMs: at.getTime() }),
        )
        if (!looked) return { memory: seen, vectors }
        near = looked.near
        if (searchedFor(request, looked.held) === asked) return { memory: looked.held, vectors, near }
      }
    }
    const { window: assembled, regions } = await summarisedWindow(request, look, { tokenizer, at })
    await windows.keep(principal, assembled, regions)
    return assembled
  },
})
