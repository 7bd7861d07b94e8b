import { z } from 'zod'
import { scopeColumns } from '../../db/columns.ts'
import { holdLineage } from '../../db/holdLineage.ts'
import { type Sql, texts } from '../../db/sql.ts'
import { CaliberError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import type { Scope } from '../../domain/scope.ts'
import { commonRegionOf } from '../../domain/tenant.ts'
import { detectFormat } from '../../domain/transcript/detect.ts'
import { documentAsLines } from '../../domain/transcript/documentAsLines.ts'
import type { Malformed, NumberedDraft, TurnDraft } from '../../domain/transcript/draft.ts'
import { parseTranscript } from '../../domain/transcript/parse.ts'
import { only } from '../only.ts'
import { operation, type WriteContext } from '../operation.ts'
import { writableRegion } from '../region/entity.ts'
import { id, text, trust } from '../schema.ts'
import { assertOpen } from '../scope/entity.ts'
import { insertTurns } from '../turn/insert.ts'

const malformedLine = z.strictObject({ line: z.int(), code: z.string(), message: z.string() })

export const importTranscript = operation({
  name: 'transcript.import',
  http: 'POST /v1/transcripts',
  summary: 'Import a transcript, or the next chunk of one. Importing the same turns again adds nothing.',
  example: {
    source: 'standup-2026-05-04.jsonl',
    text: '{"role":"user","content":"We deploy to Stockholm now.","at":"2026-05-04T09:00:00Z"}\n',
  },
  input: z.strictObject({
    source: text(limits.keyChars).describe('The same name in the same region means the same transcript.'),
    text: text(limits.transcriptChunkChars).describe('Whole lines of JSON, or a whole JSON document.'),
    firstLine: z.int().min(1).max(2_000_000_000).default(1).describe('Line number of the first line of text.'),
    format: z
      .enum(['auto', 'claude-code', 'openai', 'plain'])
      .default('auto')
      .describe('claude-code: session files. openai: chat messages or conversations. plain: {role, content, at}.'),
    regionId: id('region to keep it in')
      .optional()
      .describe('The same for every chunk; the common one where left out.'),
    trust: trust.default(1),
    onMalformed: z
      .enum(['skip', 'stop'])
      .default('skip')
      .describe('stop: take nothing from the first malformed line on.'),
  }),
  output: z.strictObject({
    trajectoryId: id('trajectory of the transcript').nullable().describe('Null where the chunk holds no turn.'),
    format: z.string(),
    scopeIds: z.array(id('scope')),
    turnsAdded: z.int(),
    turnsPresent: z.int().describe('Turns that an earlier import had added, forgotten ones among them.'),
    ignored: z.int().describe('Records that are no turns: summaries, snapshots, private reasoning.'),
    repaired: z.int().describe('NUL characters and lone surrogates replaced by U+FFFD.'),
    malformedCount: z.int(),
    malformed: z.array(malformedLine).describe(`At most ${limits.malformedListed} of them.`),
    stoppedAtLine: z.int().nullable().describe('The malformed line that ended the import, where asked to stop.'),
  }),
  effect: 'write',
  needs: 'write',
  mcp: true,
  idempotent: true,

  async run(context, { source, text, firstLine, format: asked, onMalformed, regionId, trust }) {
    const format = asked === 'auto' ? detectFormat(text) : asked
    if (format === undefined) {
      throw new CaliberError(
        'invalid_input',
        'No record of the text fits a known format: claude-code, openai or plain. Check it, or name the format.',
      )
    }
    const lines = firstLine === 1 ? documentAsLines(text) : { text, firstLine }
    const parsed = parseTranscript(lines.text, { format, firstLine: lines.firstLine })
    const stop = onMalformed === 'stop' ? parsed.malformed[0] : undefined
    const drafts = stop ? parsed.drafts.filter(({ line }) => line < stop.line) : parsed.drafts
    const stored = await store(context, { source, regionId, trust }, drafts)
    const malformed: readonly Malformed[] = stop ? [stop] : parsed.malformed
    return {
      ...stored,
      format,
      ignored: parsed.ignored,
      repaired: parsed.repaired,
      malformedCount: malformed.length,
      malformed: malformed.slice(0, limits.malformedListed),
      stoppedAtLine: stop?.line ?? null,
    }
  },
})

interface Stored {
  readonly trajectoryId: string | null
  readonly scopeIds: string[]
  readonly turnsAdded: number
  readonly turnsPresent: number
}

/** One trajectory per source, one scope per session, one turn per key; what is there already stays as it is. */
async function store(
  context: WriteContext,
  { source, regionId, trust }: { source: string; regionId: string | undefined; trust: number },
  drafts: readonly NumberedDraft[],
): Promise<Stored> {
  const sessions = bySession(drafts)
  if (sessions.size === 0) return { trajectoryId: null, scopeIds: [], turnsAdded: 0, turnsPresent: 0 }

  const place = await trajectoryOf(context, source, regionId)
  const scopeIds: string[] = []
  let turnsAdded = 0
  for (const [session, turns] of sessions) {
    const scope = await scopeOf(context, place, session)
    scopeIds.push(scope.scopeId)
    const incoming = await missing(context.sql, scope, turns)
    if (incoming.length > 0) assertOpen(scope)
    await insertTurns(
      context,
      scope,
      incoming.map((turn) => ({ ...turn, trust })),
    )
    turnsAdded += incoming.length
  }
  return { trajectoryId: place.trajectoryId, scopeIds, turnsAdded, turnsPresent: drafts.length - turnsAdded }
}

function bySession(drafts: readonly NumberedDraft[]): ReadonlyMap<string, readonly TurnDraft[]> {
  const sessions = new Map<string, TurnDraft[]>()
  for (const { draft } of drafts) {
    const turns = sessions.get(draft.session)
    if (turns) turns.push(draft)
    else sessions.set(draft.session, [draft])
  }
  return sessions
}

/** Find or start the source's trajectory and lock it, so that two imports of one source take turns. */
async function trajectoryOf(
  { sql, newId, emit, principal }: WriteContext,
  source: string,
  asked: string | undefined,
): Promise<Place> {
  await holdLineage(sql)
  const regionId = await writableRegion(sql, asked ?? commonRegionOf(principal.tenantId))
  const started = await sql<{ trajectoryId: string }>`
    insert into caliber.trajectory (tenant_id, id, region_id, depth, name, status, source_key, created_by)
    select caliber.current_tenant(), ${newId()}, ${regionId}, 0, ${source}, 'active', ${source}, caliber.current_principal()
    where not exists (select from caliber.trajectory where tenant_id = caliber.current_tenant() and region_id = ${regionId}
                        and source_key = caliber.forgotten_name(${source}))
    on conflict (tenant_id, region_id, source_key) where source_key is not null do nothing
    returning id as "trajectoryId"`
  for (const { trajectoryId } of started) {
    emit({ kind: 'trajectory.started', subjectId: trajectoryId, regionId, data: { parentId: null } })
  }
  return only(
    await sql<Place>`
      select id as "trajectoryId", region_id as "regionId" from caliber.trajectory
      where tenant_id = caliber.current_tenant() and region_id = ${regionId}
        and source_key in (${source}, caliber.forgotten_name(${source})) for update`,
  )
}

interface Place {
  readonly trajectoryId: string
  readonly regionId: string
}

async function scopeOf(
  { sql, newId, emit }: WriteContext,
  { trajectoryId, regionId }: Place,
  session: string,
): Promise<Scope> {
  const opened = await sql<{ scopeId: string }>`
    insert into caliber.scope (tenant_id, id, region_id, trajectory_id, name, budget_tokens, status, source_key)
    select caliber.current_tenant(), ${newId()}, ${regionId}, ${trajectoryId}, ${session}, ${limits.defaultBudgetTokens}, 'open', ${session}
    where not exists (select from caliber.scope where tenant_id = caliber.current_tenant() and trajectory_id = ${trajectoryId}
                        and source_key = caliber.forgotten_name(${session}))
    on conflict (tenant_id, trajectory_id, source_key) do nothing
    returning id as "scopeId"`
  for (const { scopeId } of opened) {
    const data = { trajectoryId, budgetTokens: limits.defaultBudgetTokens }
    emit({ kind: 'scope.opened', subjectId: scopeId, regionId, data })
  }
  return only(
    await sql<Scope>`
      select ${scopeColumns} from caliber.scope
      where tenant_id = caliber.current_tenant() and trajectory_id = ${trajectoryId}
        and source_key in (${session}, caliber.forgotten_name(${session})) for update`,
  )
}

/** The turns that are not stored yet and were not forgotten; of two with one key the first. */
async function missing(sql: Sql, { scopeId }: Scope, turns: readonly TurnDraft[]): Promise<readonly TurnDraft[]> {
  const byKey = new Map(turns.toReversed().map((turn) => [turn.key, turn]))
  const keys = texts([...byKey.keys()])
  const stored = await sql<{ key: string }>`
    select source_key as key from caliber.turn
    where tenant_id = caliber.current_tenant() and scope_id = ${scopeId} and source_key = any(${keys})
    union all
    select key from unnest(${keys}) as key
    where caliber.forgotten_name(key) in (
      select unnest(source_keys) from caliber.erasure where tenant_id = caliber.current_tenant() and subject_id = ${scopeId})`
  for (const { key } of stored) byKey.delete(key)
  return turns.filter((turn) => byKey.get(turn.key) === turn)
}
