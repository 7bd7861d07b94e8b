/**
 * Fold the event log into a memory.
 *
 * Events say what changed; the rows say what it is now. Both are read in one snapshot, so after the last batch the
 * memory is exactly the state at its `seq`: a row that changed after its event is met again by the event of that change.
 */
import { setImmediate } from 'node:timers/promises'
import { artifactColumns, noteColumns, turnColumns } from '../db/columns.ts'
import { eventsAfter } from '../db/eventLog.ts'
import { assertIntact, type Validation } from '../db/intact.ts'
import type { Claims, Sessions } from '../db/session.ts'
import { json, type Sql, uuids } from '../db/sql.ts'
import type { Artifact } from '../domain/artifact.ts'
import { CaliberError } from '../domain/errors.ts'
import type { Event } from '../domain/event.ts'
import type { RegionId } from '../domain/ids.ts'
import type { Note } from '../domain/note.ts'
import type { Turn } from '../domain/turn.ts'
import type { ReadableRegion } from './regions.ts'
import type { TenantMemory } from './tenantMemory.ts'

/** What is read and folded at once: it bounds what a catch-up holds, and how long it keeps others from the processor. */
const batchEvents = 1_000
const batchTurns = 5_000

/**
 * Bring `memory` up to the head of its tenant's log. Never run two of these on one memory at once.
 *
 * @param untilSeq the event to end at; a memory that ends before the head holds what was live then, as far as it was not
 *   forgotten since
 */
export async function catchUp(
  sessions: Sessions,
  claims: Claims,
  memory: TenantMemory,
  validation: Validation,
  untilSeq = Number.POSITIVE_INFINITY,
): Promise<void> {
  // The memory holds every region of the tenant; what each credential sees of it is for its views to say.
  const whole = { ...claims, reach: 'all' } as const
  for (;;) {
    const batch = await sessions.run(whole, (sql) => readBatch(sql, memory.seq, untilSeq), { readOnly: true })
    if (validation === 'always') assertBatchIntact(batch)
    memory.setAside(batch.quarantined)
    for (const event of batch.events) apply(memory, event, batch)
    if (batch.isLast) return
    await setImmediate()
  }
}

interface Batch {
  /** Notes that ended since are still to come to their end. */
  readonly isPast: boolean
  readonly events: readonly Event[]
  /** Nothing followed in the snapshot that it was read in. */
  readonly isLast: boolean
  /** Turns of the batch by scope and sequence. */
  readonly turns: ReadonlyMap<string, Turn>
  readonly artifacts: ReadonlyMap<string, Artifact>
  readonly notes: ReadonlyMap<string, Note>
  readonly regions: ReadonlyMap<string, ReadableRegion>
  /** Ids of forgotten items by receipt. */
  readonly forgotten: ReadonlyMap<string, readonly string[]>
  /** Ids of all items that are set aside now. */
  readonly quarantined: ReadonlySet<string>
}

/** @throws CaliberError `integrity` */
function assertBatchIntact({ turns, artifacts, notes }: Batch): void {
  for (const turn of turns.values()) assertIntact('turn', turn.turnId, turn)
  for (const artifact of artifacts.values()) assertIntact('artifact', artifact.artifactId, artifact)
  for (const note of notes.values()) assertIntact('note', note.noteId, note)
}

async function readBatch(sql: Sql, seq: number, untilSeq: number): Promise<Batch> {
  // The log has no gaps, so this many end at `untilSeq` at the latest.
  const read = await eventsAfter(sql, seq, Math.min(batchEvents, untilSeq - seq))
  const events = withinBatch(read)
  const turns = await readTurns(sql, events)
  const artifacts = await readArtifacts(sql, events)
  const notes = await readNotes(sql, [...subjects(events, 'note.'), ...replacements(events)])
  const regions = await readRegions(sql, subjects(events, 'region.'))
  const forgotten = await readForgotten(sql, subjects(events, 'memory.forgotten'))
  const quarantined = await readQuarantined(sql)
  const isLast = events.length === read.length && read.length < batchEvents
  const isPast = untilSeq !== Number.POSITIVE_INFINITY
  return { isPast, events, isLast, turns, artifacts, notes, regions, forgotten, quarantined }
}

/** The first events that bring no more turns than a batch holds; at least one. */
function withinBatch(events: readonly Event[]): readonly Event[] {
  let turns = 0
  const end = events.findIndex((event, i) => {
    turns += event.kind === 'turns.appended' ? Number(event.data['count']) : 0
    return i > 0 && turns > batchTurns
  })
  return end === -1 ? events : events.slice(0, end)
}

function apply(memory: TenantMemory, event: Event, batch: Batch): void {
  const { turns, artifacts, notes, regions, forgotten } = batch
  switch (event.kind) {
    case 'trajectory.started':
      memory.addTrajectory(event.subjectId, regionOf(event))
      break
    case 'scope.opened':
      memory.addScope(event.subjectId, String(event.data['trajectoryId']), {
        regionId: regionOf(event),
        budgetTokens: Number(event.data['budgetTokens']),
      })
      break
    case 'turns.appended': {
      const { first, last } = range(event)
      for (let sequence = first; sequence <= last; sequence += 1) {
        const turn = turns.get(`${event.subjectId} ${sequence}`)
        if (turn) memory.addTurn(turn, regionOf(event), String(event.data['trajectoryId']))
      }
      break
    }
    case 'artifact.revised': {
      const artifact = artifacts.get(event.subjectId)
      if (artifact && artifact.revision === event.data['revision']) memory.putArtifact(artifact)
      break
    }
    case 'note.recorded':
      addLive(memory, notes.get(event.subjectId), batch)
      break
    case 'note.superseded':
      memory.remove(event.subjectId)
      addLive(memory, notes.get(String(event.data['by'])), batch)
      break
    case 'note.retracted':
      memory.remove(event.subjectId)
      break
    case 'memory.forgotten':
      memory.forget(forgotten.get(event.subjectId) ?? [])
      break
    case 'conflict.found':
      memory.addConflict(event.subjectId, [String(event.data['olderId']), String(event.data['newerId'])])
      break
    case 'conflict.resolved':
      memory.removeConflict(event.subjectId)
      break
    case 'region.created':
    case 'region.granted':
    case 'region.revoked': {
      const region = regions.get(event.subjectId)
      if (region) memory.regions.put(region)
      break
    }
    default: // Nothing that is searched or shown changed.
  }
  memory.advance(event.seq)
}

/** What an event about content always has. A log that says otherwise is damaged. */
function regionOf({ seq, regionId }: Event): RegionId {
  if (regionId === null)
    throw new CaliberError('integrity', `Event ${seq} names no region. Run: caliber verify`, { seq })
  return regionId
}

/** A note that is no longer live never becomes part of the memory; the event that ended it comes later. */
function addLive(memory: TenantMemory, note: Note | undefined, { isPast }: Batch): void {
  if (note && (isPast || note.status === 'live')) memory.addNote(note)
}

function subjects(events: readonly Event[], noun: string): readonly string[] {
  return events.filter(({ kind }) => kind.startsWith(noun)).map(({ subjectId }) => subjectId)
}

function replacements(events: readonly Event[]): readonly string[] {
  return events.filter(({ kind }) => kind === 'note.superseded').map(({ data }) => String(data['by']))
}

function range({ data }: Event): { first: number; last: number } {
  const first = Number(data['firstSequence'])
  return { first, last: first + Number(data['count']) - 1 }
}

async function readTurns(sql: Sql, events: readonly Event[]): Promise<ReadonlyMap<string, Turn>> {
  const ranges = events
    .filter(({ kind }) => kind === 'turns.appended')
    .map((e) => ({ scope: e.subjectId, ...range(e) }))
  if (ranges.length === 0) return new Map()
  // Looked up range by range: without statistics, a join would read every turn of the tenant.
  const rows = await sql<Turn>`
    select ${turnColumns} from jsonb_to_recordset(${json(ranges)}) as range (scope uuid, first integer, last integer)
    cross join lateral (
      select * from caliber.turn
      where tenant_id = caliber.current_tenant() and scope_id = range.scope and sequence between range.first and range.last
      order by sequence offset 0) as turn`
  return new Map(rows.map((turn) => [`${turn.scopeId} ${turn.sequence}`, turn]))
}

/** The last revision of each artifact among the events. */
async function readArtifacts(sql: Sql, events: readonly Event[]): Promise<ReadonlyMap<string, Artifact>> {
  const revised = events.filter(({ kind }) => kind === 'artifact.revised')
  const last = new Map(
    revised.map(({ subjectId, data }) => [subjectId, { artifact: subjectId, last: data['revision'] }]),
  )
  if (last.size === 0) return new Map()
  const rows = await sql<Artifact>`
    select ${artifactColumns} from jsonb_to_recordset(${json([...last.values()])}) as revised (artifact uuid, last integer)
    cross join lateral (
      select * from caliber.artifact where tenant_id = caliber.current_tenant() and id = revised.artifact offset 0) as a
    cross join lateral (
      select * from caliber.artifact_revision
      where tenant_id = caliber.current_tenant() and artifact_id = a.id and revision = revised.last offset 0) as r`
  return new Map(rows.map((artifact) => [artifact.artifactId, artifact]))
}

async function readNotes(sql: Sql, ids: readonly string[]): Promise<ReadonlyMap<string, Note>> {
  if (ids.length === 0) return new Map()
  const rows = await sql<Note>`
    select ${noteColumns} from caliber.note where tenant_id = caliber.current_tenant() and id = any(${uuids(ids)})`
  return new Map(rows.map((note) => [note.noteId, note]))
}

async function readRegions(sql: Sql, ids: readonly string[]): Promise<ReadonlyMap<string, ReadableRegion>> {
  if (ids.length === 0) return new Map()
  const rows = await sql<ReadableRegion>`
    select r.id as "regionId", r.kind, r.owner_id as "ownerId",
           array(select g.principal_id from caliber.region_grant g
                 where g.tenant_id = r.tenant_id and g.region_id = r.id) as grantees
    from caliber.region r
    where r.tenant_id = caliber.current_tenant() and r.id = any(${uuids(ids)})`
  return new Map(rows.map((region) => [region.regionId, region]))
}

async function readForgotten(sql: Sql, receipts: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
  if (receipts.length === 0) return new Map()
  const rows = await sql<{ receiptId: string; ids: readonly string[] }>`
    select receipt_id as "receiptId", array_agg(distinct id) as ids from caliber.erasure cross join unnest(erased) as id
    where tenant_id = caliber.current_tenant() and receipt_id = any(${uuids(receipts)}) group by receipt_id`
  return new Map(rows.map(({ receiptId, ids }) => [receiptId, ids]))
}

async function readQuarantined(sql: Sql): Promise<ReadonlySet<string>> {
  const rows = await sql<{ id: string }>`
    select distinct item_id as id from caliber.quarantine where tenant_id = caliber.current_tenant()`
  return new Set(rows.map(({ id }) => id))
}
