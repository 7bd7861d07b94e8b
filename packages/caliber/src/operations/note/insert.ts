import type { z } from 'zod'
import { noteColumns } from '../../db/columns.ts'
import { holdLineage } from '../../db/holdLineage.ts'
import { json, type Sql, uuids } from '../../db/sql.ts'
import { CaliberError } from '../../domain/errors.ts'
import type { RegionId } from '../../domain/ids.ts'
import type { Note, Source } from '../../domain/note.ts'
import { notFound } from '../../domain/notFound.ts'
import { commonRegionOf } from '../../domain/tenant.ts'
import { only } from '../only.ts'
import type { WriteContext } from '../operation.ts'
import { writableRegion } from '../region/entity.ts'
import { findTrajectory } from '../trajectory/entity.ts'
import type { newNote } from './entity.ts'

type NewNote = z.output<typeof newNote>

/** Store a note in the caller's transaction, without its event. @throws CaliberError as {@link placeOfNote} does */
export async function insertNote(context: WriteContext, fields: NewNote): Promise<Note> {
  return storeNote(context, await placeOfNote(context, fields), fields)
}

/**
 * Find out where a note is to live, and that it may, before it is stored in the same transaction.
 *
 * @throws CaliberError `not_found`, `invalid_input`, `conflict`
 */
export async function placeOfNote({ sql, principal }: WriteContext, fields: NewNote): Promise<RegionId> {
  const { subject, validFrom, validUntil, trajectoryId, sources } = fields
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
  return regionId
}

/** The live note of a region that says what a new one would say. Who recorded it, from what and how surely does not matter. */
export async function sameNote(sql: Sql, regionId: RegionId, fields: NewNote): Promise<Note | undefined> {
  const { type, subject, content, level, pinned, validFrom, validUntil } = fields
  const [same] = await sql<Note>`
    select ${noteColumns} from caliber.note
    where tenant_id = caliber.current_tenant() and region_id = ${regionId} and lower(subject) = lower(${subject})
      and status = 'live' and type = ${type} and level = ${level} and pinned = ${pinned}
      and valid_from is not distinct from ${validFrom ?? null} and valid_until is not distinct from ${validUntil ?? null}
      and lower(regexp_replace(btrim(content), '\\s+', ' ', 'g')) = lower(regexp_replace(btrim(${content}), '\\s+', ' ', 'g'))
      and not exists (select from caliber.quarantine q where q.tenant_id = caliber.current_tenant() and q.item_id = note.id)
    order by id limit 1`
  return same
}

/** Store a note in the place that was found for it, without its event. */
export async function storeNote(
  { sql, newId, countTokens }: WriteContext,
  regionId: RegionId,
  fields: NewNote,
): Promise<Note> {
  const { type, subject, content, level, confidence, trust, pinned, validFrom, validUntil, trajectoryId, sources } =
    fields
  return only(
    await sql<Note>`
      insert into caliber.note (tenant_id, id, region_id, trajectory_id, type, subject, content, level, confidence, trust, pinned, valid_from,
                                valid_until, sources, token_count, status, recorded_by)
      values (caliber.current_tenant(), ${newId()}, ${regionId}, ${trajectoryId ?? null}, ${type}, ${subject}, ${content}, ${level},
              ${confidence}, ${trust}, ${pinned}, ${validFrom ?? null}, ${validUntil ?? null}, ${json(sources)},
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
