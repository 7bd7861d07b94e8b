import { z } from 'zod'
import { eventsAfter, headSeq } from '../../db/eventLog.ts'
import { eventKinds } from '../../domain/event.ts'
import { operation } from '../operation.ts'
import { id, pageLimit } from '../schema.ts'

export const eventsSince = operation({
  name: 'event.since',
  http: 'GET /v1/events',
  summary: "Read the tenant's event log after a sequence number, oldest first.",
  example: { after: 0, limit: 20 },
  input: z.strictObject({
    after: z.int().min(0).default(0).describe('The last sequence number you have seen; 0 for the beginning.'),
    limit: pageLimit,
  }),
  output: z.strictObject({
    items: z.array(
      z.strictObject({
        seq: z.int(),
        kind: z.enum(eventKinds),
        subjectId: z.uuid(),
        regionId: id('region').nullable(),
        data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
        principalId: z.uuid(),
        at: z.string(),
      }),
    ),
    headSeq: z.int().describe('The newest event there is.'),
  }),
  effect: 'read',
  needs: 'read',
  mcp: true,
  idempotent: true,

  async run({ sql }, { after, limit }) {
    return { items: await eventsAfter(sql, after, limit), headSeq: await headSeq(sql) }
  },
})
