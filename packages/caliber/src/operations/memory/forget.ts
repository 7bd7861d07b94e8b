import { z } from 'zod'
import { type Sql, uuids } from '../../db/sql.ts'
import { CaliberError } from '../../domain/errors.ts'
import { itemKinds } from '../../domain/itemKind.ts'
import { limits } from '../../domain/limits.ts'
import { operation } from '../operation.ts'
import { id, moment, text } from '../schema.ts'
import { chosenItems } from './chosenItems.ts'
import { type ErasedItem, eraseItems } from './eraseItems.ts'

const item = z.strictObject({ id: z.uuid(), kind: z.enum(itemKinds), regionId: id('region') })

const receipt = z.strictObject({
  receiptId: id('receipt'),
  regionId: id('region'),
  turns: z.int(),
  artifacts: z.int(),
  notes: z.int(),
  entries: z
    .array(z.strictObject({ seq: z.int(), hash: z.string(), ids: z.array(z.uuid()) }))
    .describe('The entries of the log that had brought what is gone: they keep their hashes and their ids.'),
})

export const forgetMemory = operation({
  name: 'memory.forget',
  http: 'POST /v1/memory/forget',
  summary: 'Erase items and everything that was derived from them, for good; the log keeps a receipt.',
  example: { subject: 'home address', reason: 'the user asked for it', dryRun: true },
  input: z.strictObject({
    items: z.array(z.uuid()).max(limits.idsPerForget).optional().describe('Ids of turns, artifacts and notes.'),
    trajectoryId: id('trajectory to forget, its parts included').optional(),
    source: text(limits.keyChars).optional().describe('Name of an imported transcript.'),
    subject: text(limits.nameChars).optional().describe('Notes of exactly this subject.'),
    before: moment
      .optional()
      .describe('Only what was said or recorded before this moment, which has passed; alone: all of that.'),
    regionId: id('region to choose from; all that you may write where left out').optional(),
    reason: text(limits.forgetReasonChars).describe(
      'Stands in the log for good: name nothing that is to be forgotten.',
    ),
    dryRun: z.boolean().default(false).describe('Show what would go, and change nothing.'),
  }),
  output: z.strictObject({
    dryRun: z.boolean(),
    items: z.array(item).describe('What is gone, derived items included.'),
    trajectoryIds: z.array(z.uuid()).describe('Trajectories whose names, goals, outcomes and scopes went with it.'),
    receipts: z.array(receipt).describe('One per region: each is an entry of the log.'),
    windows: z.int().describe('Stored contexts that showed some of it.'),
    answers: z.int().describe('Answers kept for repeated requests that held some of it.'),
  }),
  effect: 'write',
  // What goes is gone for others as well: no plain right to write.
  needs: 'admin',
  mcp: false,
  idempotent: false,

  async run({ sql, newId, emit }, { reason, dryRun, ...selectors }) {
    const { items: ids, trajectoryId, source, subject, before } = selectors
    if ([ids, trajectoryId, source, subject, before].every((selector) => selector === undefined)) {
      throw new CaliberError('invalid_input', 'Say what to forget: items, trajectoryId, source, subject or before.')
    }
    if (before !== undefined && Date.parse(before) > Date.now()) {
      throw new CaliberError('invalid_input', 'before lies in the future. Nobody can mean what is not said yet.')
    }
    const { itemIds, trajectoryIds } = await chosenItems(sql, selectors)
    const items = await sql<ErasedItem>`
      select id, kind, region_id as "regionId" from caliber.forgotten_with(${uuids(itemIds)}) order by id`
    if (items.length > limits.itemsPerForget) {
      throw new CaliberError(
        'too_large',
        `That is ${items.length} items; ${limits.itemsPerForget} can be forgotten at once. Narrow it with before.`,
        { items: items.length },
      )
    }
    if (dryRun || items.length + trajectoryIds.length === 0) {
      return { dryRun, items, trajectoryIds, receipts: [], windows: 0, answers: 0 }
    }
    const { receipts, ...counts } = await eraseItems({
      sql,
      newId,
      emit,
      items,
      chosenIds: itemIds,
      trajectoryIds,
      reason,
    })
    const entries = await erasedEntries(
      sql,
      receipts.map(({ receiptId }) => receiptId),
    )
    const told = receipts.map((each) => ({
      ...each,
      entries: entries
        .filter((entry) => entry.receiptId === each.receiptId)
        .map(({ seq, hash, ids }) => ({ seq, hash, ids })),
    }))
    return { dryRun, items, trajectoryIds, receipts: told, ...counts }
  },
})

interface Entry {
  readonly receiptId: string
  readonly seq: number
  readonly hash: string
  readonly ids: readonly string[]
}

async function erasedEntries(sql: Sql, receiptIds: readonly string[]): Promise<readonly Entry[]> {
  return sql<Entry>`
    select x.receipt_id as "receiptId", e.seq, encode(e.hash, 'hex') as hash, x.erased as ids
    from caliber.erasure x join caliber.event e on e.tenant_id = x.tenant_id and e.seq = x.entry_seq
    where x.tenant_id = caliber.current_tenant() and x.receipt_id = any(${uuids(receiptIds)}) order by e.seq`
}
