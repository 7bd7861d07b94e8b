import { z } from 'zod'
import { trust } from './schema.ts'

/** What a summary answers with. */
export const summary = z.strictObject({
  text: z.string().describe('Empty where nothing was said.'),
  tokenCount: z.int(),
  trust: trust.describe('The least of the turns that it is made from.'),
  eventSeq: z.int().describe('The memory as of this event.'),
})
