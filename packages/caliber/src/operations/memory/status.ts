import { z } from 'zod'
import { vectorPlaces } from '../../derive/vector/vectorSpace.ts'
import { operation } from '../operation.ts'

export const memoryStatus = operation({
  name: 'memory.status',
  http: 'GET /v1/memory/status',
  summary: 'Say how many items the memory holds, and how far the embedding model is with them.',
  example: {},
  input: z.strictObject({}),
  output: z.strictObject({
    items: z.int().describe('Live items that the credential may read.'),
    models: z
      .array(
        z.strictObject({
          model: z.string().describe('The model and how many dimensions it has.'),
          done: z.int().describe('Items that do not wait for their vector of it.'),
          vectors: z
            .enum(vectorPlaces)
            .describe('Where they lie: in memory or, where they are too many for that, in the database.'),
        }),
      )
      .describe(
        'The embedding model, and the one before it while that one still serves: until the first is done with every item of the tenant. ' +
          'None where no model is configured.',
      ),
    eventSeq: z.int().describe('The memory as of this event.'),
  }),
  effect: 'recall',
  needs: 'read',
  mcp: false,
  idempotent: true,

  async run({ memory }) {
    const held = await memory(undefined)
    return { ...held.embedded(), eventSeq: held.seq }
  },
})
