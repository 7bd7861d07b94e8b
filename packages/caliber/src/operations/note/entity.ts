import { z } from 'zod'
import { noteColumns } from '../../db/columns.ts'
import { holdLineage } from '../../db/holdLineage.ts'
import type { Sql } from '../../db/sql.ts'
import { itemKinds } from '../../domain/itemKind.ts'
import { limits } from '../../domain/limits.ts'
import { type Note, noteLevels, noteTypes } from '../../domain/note.ts'
import { notWritable } from '../../domain/notFound.ts'
import { id, moment, text, trust } from '../schema.ts'

const source = z.strictObject({ kind: z.enum(itemKinds), id: z.uuid() })

/** The fields of a new note that a caller may set. */
export const newNote = z.strictObject({
  type: z.enum(noteTypes).default('fact').describe('Preferences, instructions, conventions: in every context.'),
  subject: text(limits.nameChars).describe('A few words, the same for notes about the same thing.'),
  content: text(limits.noteChars),
  level: z.enum(noteLevels).default('raw'),
  confidence: z.number().min(0).max(1).default(1),
  trust: trust.default(1),
  pinned: z.boolean().default(false).describe('Always in the context.'),
  validFrom: moment.optional().describe('From when it holds in the world.'),
  validUntil: moment.optional().describe('Until when it holds, exclusive.'),
  trajectoryId: id('trajectory that taught it').optional(),
  regionId: id('region to keep it in').optional().describe("The trajectory's where left out, else the common one."),
  sources: z.array(source).max(limits.sourcesPerItem).default([]).describe('What it was learned from.'),
})

export const note = z.strictObject({
  noteId: id('note'),
  regionId: id('region'),
  trajectoryId: id('trajectory').nullable(),
  type: z.enum(noteTypes),
  subject: z.string(),
  content: z.string(),
  level: z.enum(noteLevels),
  confidence: z.number(),
  trust,
  pinned: z.boolean(),
  validFrom: z.string().nullable(),
  validUntil: z.string().nullable(),
  sources: z.array(source).describe('Those that you may read.'),
  tokenCount: z.int(),
  digest: z.string(),
  status: z.enum(['live', 'superseded', 'retracted']),
  supersededBy: id('note').nullable(),
  reason: z.string().nullable(),
  version: z.int(),
  recordedBy: z.uuid(),
  recordedAt: z.string(),
})

/** Lock a note until the transaction ends; others may still refer to it. @throws CaliberError `not_found` */
export async function lockNote(sql: Sql, noteId: string): Promise<Note> {
  await holdLineage(sql)
  const [found] = await sql<Note>`
    select ${noteColumns} from caliber.note where tenant_id = caliber.current_tenant() and id = ${noteId} for no key update`
  if (found) return found
  throw notWritable(
    'note',
    noteId,
    await sql`select 1 from caliber.note where tenant_id = caliber.current_tenant() and id = ${noteId}`,
  )
}
