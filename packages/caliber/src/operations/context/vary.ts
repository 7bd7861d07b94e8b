import { z } from 'zod'
import type { KeptWindow, Verdict } from '../../domain/context/window.ts'
import { CaliberError } from '../../domain/errors.ts'
import { itemKinds } from '../../domain/itemKind.ts'
import { limits } from '../../domain/limits.ts'
import { operation } from '../operation.ts'
import { changes, sectionName, window, windowId } from './entity.ts'
import { recompute } from './recompute.ts'

const share = z.number().min(0).max(1).optional()

const moved = z.strictObject({ id: z.uuid(), kind: z.enum(itemKinds), section: sectionName, tokens: z.int() })

export const varyContext = operation({
  name: 'context.vary',
  http: 'POST /v1/contexts/{windowId}/vary',
  summary: 'What if: show how a context would differ under another budget, without some items, or divided otherwise.',
  example: {
    windowId: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    budgetTokens: 400,
  },
  input: z.strictObject({
    windowId,
    budgetTokens: z.int().min(1).max(limits.budgetTokens).optional(),
    without: z
      .array(z.uuid())
      .max(limits.pinsPerContext)
      .optional()
      .describe('Items that are no candidates; what they replaced does not come back.'),
    shares: z
      .strictObject({ standing: share, knowledge: share, history: share })
      .optional()
      .describe('Most of the budget that a section takes while a later one has candidates.'),
  }),
  output: z.strictObject({
    usedTokens: z.strictObject({ before: z.int(), after: z.int() }),
    in: z.array(moved).describe('Items that come in, in their order.'),
    out: z.array(moved).describe('Items that go out, in their order.'),
    isSame: z.boolean().describe('Whether what it is compared with equals the stored context; see context.replay.'),
    changes,
    window: window.omit({ windowId: true }).describe('The context as it would be. It is stored nowhere.'),
  }),
  effect: 'recall',
  needs: 'read',
  mcp: false,
  idempotent: true,

  async run(context, { windowId, budgetTokens, without = [], shares = {} }) {
    if (budgetTokens === undefined && without.length === 0 && Object.keys(shares).length === 0) {
      throw new CaliberError('invalid_input', 'Say what is to differ: budgetTokens, without or shares.')
    }
    const { window: before, isSame, changes, vary } = await recompute(context, windowId)
    const { request } = before.receipt
    const { windowId: _, ...after } = await vary(
      {
        ...request,
        budgetTokens: budgetTokens ?? request.budgetTokens,
        pins: request.pins.filter((id) => !without.includes(id)),
      },
      { without: new Set(without), shares: definedShares(shares) },
    )
    return {
      usedTokens: { before: before.receipt.usedTokens, after: after.receipt.usedTokens },
      in: missing(included(after), included(before)),
      out: missing(included(before), included(after)),
      isSame,
      changes,
      window: after,
    }
  },
})

type Shares = Readonly<Partial<Record<'standing' | 'knowledge' | 'history', number | undefined>>>

function definedShares(shares: Shares) {
  return Object.fromEntries(Object.entries(shares).filter(([, value]) => value !== undefined))
}

const included = ({ receipt }: Pick<KeptWindow, 'receipt'>) =>
  receipt.verdicts.filter(({ verdict }) => verdict === 'included')

function missing(from: readonly Verdict[], among: readonly Verdict[]) {
  const known = new Set(among.map(({ id }) => id))
  return from.filter(({ id }) => !known.has(id)).map(({ id, kind, section, tokens }) => ({ id, kind, section, tokens }))
}
