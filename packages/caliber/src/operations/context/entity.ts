import { z } from 'zod'
import { sections } from '../../domain/context/sections.ts'
import { formats, reasons } from '../../domain/context/window.ts'
import { eventKinds } from '../../domain/event.ts'
import { itemKinds } from '../../domain/itemKind.ts'
import { id, trust } from '../schema.ts'

export const windowId = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits')

export const sectionName = z.enum(sections.map(({ name }) => name))

const request = z.strictObject({
  scopeId: id('scope').nullable(),
  trajectoryId: id('trajectory').nullable(),
  query: z.string().nullable(),
  system: z.string().nullable(),
  pins: z.array(z.uuid()),
  minTrust: trust,
  budgetTokens: z.int(),
  format: z.enum(formats),
})

export const shownKind = z
  .enum([...itemKinds, 'summary'])
  .describe('A summary stands for turns that left the history, and is no item.')

const verdict = z.strictObject({
  id: z.uuid(),
  kind: shownKind,
  section: sectionName,
  verdict: z.enum(['included', 'excluded']),
  reason: z
    .enum(reasons)
    .describe(
      'required: pinned. fits: taken in order of preference. summarised: too long, taken in short. over_budget: does not fit into what is left. ' +
        'over_share: the section has used its share. evicted_block: history leaves in blocks, and this block left. ' +
        'weak: while a conversation goes on, only what matches much of the last words comes after it.',
    ),
  tokens: z.int(),
  position: z.int().nullable(),
  at: z.string(),
  signals: z.strictObject({
    lexical: z.number().optional(),
    semantic: z.number().optional(),
    fused: z.number().optional(),
    rank: z.int().optional(),
    contradicts: id('note').optional(),
  }),
})

const receipt = z.strictObject({
  request,
  eventSeq: z.int().describe('The memory as of this event.'),
  at: z.string().describe('The clock that validity times were compared with.'),
  tokenizer: z.string(),
  semantic: z
    .strictObject({
      model: z.string().describe('Whose vectors they are: the model and how many dimensions it has.'),
      coverage: z.enum(['off', 'partial', 'full']),
      vectors: z.string().describe('Names the set of items that had a vector.'),
    })
    .optional()
    .describe('How far meaning was searched besides words; absent where no embedding model is configured.'),
  summaries: z
    .strictObject({ model: z.string(), coverage: z.enum(['off', 'full']) })
    .optional()
    .describe('What stands in short where not everything fits: off while it is being made, and then nothing does.'),
  usedTokens: z.int(),
  sections: z.array(
    z.strictObject({ name: z.enum(['frame', ...sectionName.options]), tokens: z.int(), items: z.int() }),
  ),
  totals: z.strictObject({ candidates: z.int(), included: z.int(), excluded: z.int() }),
  verdicts: z.array(verdict),
})

export const window = z.strictObject({
  windowId: z.string().describe('SHA-256 of the window; explain takes it.'),
  text: z.string().nullable().describe('The context, unless the format is messages.'),
  messages: z
    .array(z.strictObject({ role: z.enum(['system', 'user', 'assistant']), content: z.string() }))
    .nullable()
    .describe('The context where the format is messages.'),
  receipt,
})

/** What happened since a window and is not undone when it is computed again. */
export const changes = z
  .array(z.strictObject({ seq: z.int(), kind: z.enum(eventKinds), at: z.string() }))
  .describe(
    'Events since that a replay does not undo: what was forgotten, set aside or restored, and grants. Oldest first.',
  )
