import { z } from 'zod'
import { limits } from '../../domain/limits.ts'
import { roles } from '../../domain/turn.ts'
import { id, moment, trust } from '../schema.ts'

const toolCall = z.strictObject({
  id: z.string().max(limits.keyChars),
  name: z.string().max(limits.nameChars),
  input: z.json().describe('What the tool was called with: any JSON.'),
})
const toolResult = z.strictObject({
  callId: z.string().max(limits.keyChars),
  content: z.string().max(limits.contentChars),
  isError: z.boolean().default(false),
})

/** A turn as it is sent: the server adds id, sequence, token count and, where it is missing, the time. */
export const newTurn = z
  .strictObject({
    role: z.enum(roles),
    content: z.string().max(limits.contentChars).default(''),
    toolCalls: z.array(toolCall).max(limits.toolsPerTurn).default([]),
    toolResults: z.array(toolResult).max(limits.toolsPerTurn).default([]),
    trust: trust.default(1).describe('Of its origin; what is made from it is trusted no more.'),
    at: moment.optional().describe('When it was said; now where left out.'),
  })
  .refine((turn) => turn.content !== '' || turn.toolCalls.length + turn.toolResults.length > 0, {
    error: 'a turn needs content, tool calls or tool results',
  })

export const turn = z.strictObject({
  turnId: id('turn'),
  scopeId: id('scope'),
  sequence: z.int(),
  role: z.enum(roles),
  content: z.string(),
  toolCalls: z.array(toolCall.extend({ input: z.unknown() })),
  toolResults: z.array(toolResult),
  tokenCount: z.int(),
  trust,
  digest: z.string(),
  saidAt: z.string(),
})
