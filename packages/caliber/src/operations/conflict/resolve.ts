import { z } from 'zod'
import { conflictColumns } from '../../db/columns.ts'
import { type Conflict, type Strategy, strategies } from '../../domain/conflict.ts'
import { CaliberError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import type { Note } from '../../domain/note.ts'
import { assertTransition, assertVersion } from '../../domain/states.ts'
import { endNote } from '../note/end.ts'
import { lockNote } from '../note/entity.ts'
import { insertNote } from '../note/insert.ts'
import { only } from '../only.ts'
import { operation, type WriteContext } from '../operation.ts'
import { expectedVersion, id, text } from '../schema.ts'
import { conflict, lockConflict } from './entity.ts'
import { findConflicts } from './find.ts'

export const resolveConflict = operation({
  name: 'conflict.resolve',
  http: 'POST /v1/conflicts/{conflictId}/resolve',
  summary:
    'Resolve a conflict: keep one note, merge both into a new one, reject or keep both, or leave it to somebody else.',
  example: { conflictId: '01890a5d-ac96-774b-bcce-b302099a8057', strategy: 'last_write' },
  input: z.strictObject({
    conflictId: id('conflict'),
    strategy: z
      .enum(strategies)
      .describe(
        'last_write, first_write: keep the newer, the older note. highest_confidence: the more confident one, the newer ' +
          'of equals. merge: put one note with your content in place of both. reject_both: retract both. keep_both: they ' +
          'do not contradict each other after all. escalate: leave it open for somebody else.',
      ),
    content: text(limits.noteChars).optional().describe('Of the merged note; with strategy merge alone.'),
    reason: text(limits.reasonChars).optional(),
    version: expectedVersion,
  }),
  output: conflict,
  effect: 'write',
  needs: 'write',
  mcp: false,
  idempotent: false,

  async run(context, { conflictId, strategy, content, reason = null, version }) {
    if ((strategy === 'merge') !== (content !== undefined)) {
      throw new CaliberError(
        'invalid_input',
        'Strategy merge needs the content of the merged note, and no other takes one.',
      )
    }
    const { sql, emit } = context
    // The notes first, as whoever ends one locks them: two at once then wait for each other instead of locking each other out.
    const seen = await lockSides(sql, conflictId)
    const current = await lockConflict(sql, conflictId)
    assertVersion('conflict', conflictId, current.version, version)
    const status = strategy === 'escalate' ? 'escalated' : 'resolved'
    assertTransition('conflict', conflictId, current.status, status)
    const resolved = only(
      await sql<Conflict>`
        update caliber.conflict
        set status = ${status}, strategy = ${strategy === 'escalate' ? null : strategy}, reason = ${reason}, version = version + 1,
            resolved_at = case when ${status} = 'resolved' then clock_timestamp() end
        where tenant_id = caliber.current_tenant() and id = ${conflictId}
        returning ${conflictColumns}`,
    )
    emit({ kind: `conflict.${status}`, subjectId: conflictId, regionId: current.regionId, data: {} })
    await carryOut(context, strategy, seen, { content, reason: reason ?? `Conflict ${conflictId}: ${strategy}.` })
    return resolved
  },
})

interface Sides {
  readonly older: Note
  readonly newer: Note
}

async function lockSides(sql: WriteContext['sql'], conflictId: string): Promise<Sides | undefined> {
  const [sides] = await sql<Pick<Conflict, 'olderId' | 'newerId'>>`
    select older_id as "olderId", newer_id as "newerId" from caliber.conflict
    where tenant_id = caliber.current_tenant() and id = ${conflictId}`
  return sides && { older: await lockNote(sql, sides.olderId), newer: await lockNote(sql, sides.newerId) }
}

interface Means {
  readonly content: string | undefined
  readonly reason: string
}

async function carryOut(
  context: WriteContext,
  strategy: Strategy,
  sides: Sides | undefined,
  { content, reason }: Means,
) {
  if (!sides) return
  const { older, newer } = sides
  const retract = (note: Note) => endNote(context, note, { status: 'retracted' }, reason)
  switch (strategy) {
    case 'last_write':
      await retract(older)
      break
    case 'first_write':
      await retract(newer)
      break
    case 'highest_confidence':
      await retract(older.confidence > newer.confidence ? newer : older)
      break
    case 'reject_both':
      await retract(older)
      await retract(newer)
      break
    case 'merge': {
      const { type, subject, level, pinned, regionId } = newer
      const merged = await insertNote(context, {
        type,
        subject,
        content: content ?? newer.content,
        level,
        confidence: Math.min(older.confidence, newer.confidence),
        trust: Math.min(older.trust, newer.trust),
        pinned,
        regionId,
        trajectoryId: newer.trajectoryId ?? undefined,
        validFrom: newer.validFrom ?? undefined,
        validUntil: newer.validUntil ?? undefined,
        sources: [older, newer].map(({ noteId }) => ({ kind: 'note' as const, id: noteId })),
      })
      await endNote(context, newer, { status: 'superseded', by: merged.noteId }, reason)
      await retract(older)
      await findConflicts(context, merged)
      break
    }
    case 'keep_both':
    case 'escalate':
  }
}
