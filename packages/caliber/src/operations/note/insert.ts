import type { z } from 'zod'
import { noteColumns } from '../../db/columns.ts'
import { holdLineage } from '../../db/holdLineage.ts'
import { json, type Sql, uuids } from '../../db/sql.ts'
import { CaliberError } from '../../domain/errors.ts'
import type { Note, Source } from '../../domain/note.ts'
import { notFound } from '../../domain/notFound.ts'
import { commonRegionOf } from '../../domain/tenant.ts'
import { only } from '../only.ts'
import type { WriteContext } from '../operation.ts'
import { writableRegion } from '../region/entity.ts'
import { findTrajectory } from '../trajectory/entity.ts'
import type { newNote } from './entity.ts'

/** Store a note in the caller's transaction, without its event. @throws CaliberError `not_found`, `invalid_input` */
export async function insertNote(
  { sql, newId, countTokens, principal }: WriteContext,
  fields: z.output<typeof newNote>,
): Promise<Note> {
  const { type, subject, content, level, confidence, pinned, validFrom, validUntil, trajectoryId, sources } = fields
  if (validFrom !== undefined && validUntil !== undefined && Date.parse(validUntil) <= Date.parse(validFrom)) {
    throw new CaliberError('invalid_input', 'validUntil must be later than validFrom. Swap or drop one of them.')
  }
  await assertSources(sql, sources)
  const taught = trajectoryId === undefined ? undefined : await findTrajectory(sql, trajectoryId)
  if (taught && fields.regionId !== undefined && fields.regionId !== taught.regionId) {
    throw new CaliberError(
      'conflict',
      `Trajectory ${trajectoryId} lives in another region, whose readers alone may know of it. Keep the note there, or without it.`,
      { trajectoryId },
    )
  }
  const regionId = await writableRegion(sql, fields.regionId ?? taught?.regionId ?? commonRegionOf(principal.tenantId))
  await holdLineage(sql)
  // Two notes on one subject are recorded one after the other, so that the second is compared with the first.
  await sql`select pg_advisory_xact_lock(hashtextextended(concat_ws(' ', caliber.current_tenant(), ${regionId}::text, lower(${subject})), 0))`
  return only(
    await sql<Note>`
      insert into caliber.note (tenant_id, id, region_id, trajectory_id, type, subject, content, level, confidence, pinned, valid_from,
                                valid_until, sources, token_count, status, recorded_by)
      values (caliber.current_tenant(), ${newId()}, ${regionId}, ${trajectoryId ?? null}, ${type}, ${subject}, ${content}, ${level},
              ${confidence}, ${pinned}, ${validFrom ?? null}, ${validUntil ?? null}, ${json(sources)},
              ${countTokens(content)}, 'live', caliber.current_principal())
      returning ${noteColumns}`,
  )
}

async function assertSources(sql: Sql, sources: readonly Source[]): Promise<void> {
  if (sources.length === 0) return
  const ids = uuids(sources.map((source) => source.id))
  const rows = await sql<Source>`
    select 'turn' as kind, id from caliber.turn where tenant_id = caliber.current_tenant() and id = any(${ids})
    union all
    select 'artifact', id from caliber.artifact where tenant_id = caliber.current_tenant() and id = any(${ids})
    union all
    select 'note', id from caliber.note where tenant_id = caliber.current_tenant() and id = any(${ids})`
  const found = new Set(rows.map(({ kind, id }) => `${kind} ${id}`))
  const missing = sources.find(({ kind, id }) => !found.has(`${kind} ${id}`))
  if (missing) throw notFound(missing.kind, missing.id)
}
