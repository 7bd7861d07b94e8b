import { z } from 'zod'

/** What a summary answers with. */
export const summary = z.strictObject({
  text: z.string().describe('Empty where nothing was said.'),
  tokenCount: z.int(),
  eventSeq: z.int().describe('The memory as of this event.'),
})
