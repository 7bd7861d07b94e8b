import { turnColumns } from '../../db/columns.ts'
import { json, type Sql } from '../../db/sql.ts'
import type { Scope } from '../../domain/scope.ts'
import { type Role, type ToolCall, type Turn, turnText } from '../../domain/turn.ts'
import type { WriteContext } from '../operation.ts'

/** A turn on its way in. `key` is its identity in the source it was imported from. */
export interface IncomingTurn extends Pick<Turn, 'content' | 'toolCalls' | 'toolResults' | 'trust'> {
  readonly role: Role
  readonly at: string | null
  readonly key: string | null
}

/** Readers of the log fetch what an event names at once. */
const turnsPerEvent = 1_000

/**
 * Append turns to a scope that the caller has locked and found open: sequences, token counts, the scope's sums and the
 * event, all in the caller's transaction.
 *
 * @returns the stored turns in order
 */
export async function insertTurns(
  { sql, newId, countTokens, emit }: WriteContext,
  scope: Pick<Scope, 'scopeId' | 'regionId' | 'turnCount' | 'trajectoryId'>,
  incoming: readonly IncomingTurn[],
): Promise<readonly Turn[]> {
  if (incoming.length === 0) return []
  const calls = await callsAsStored(sql, incoming)
  const rows = incoming.map((turn, i) => ({
    ...turn,
    id: newId(),
    sequence: scope.turnCount + i + 1,
    tokens: countTokens(turnText({ ...turn, toolCalls: calls[i] ?? turn.toolCalls })),
  }))
  const stored = await sql<Turn>`
    insert into caliber.turn (tenant_id, id, region_id, scope_id, sequence, role, content, tool_calls, tool_results, token_count,
                              trust, source_key, said_at)
    select caliber.current_tenant(), id, ${scope.regionId}, ${scope.scopeId}, sequence, role, content, "toolCalls", "toolResults", tokens,
           trust, key, coalesce(at, clock_timestamp())
    from jsonb_to_recordset(${json(rows)}) as t (
      id uuid, sequence integer, role text, content text, "toolCalls" jsonb, "toolResults" jsonb, tokens integer, trust double precision, key text,
      at timestamptz)
    returning ${turnColumns}`
  const addedTokens = rows.reduce((sum, { tokens }) => sum + tokens, 0)
  await sql`
    update caliber.scope
    set turn_count = turn_count + ${rows.length}, used_tokens = used_tokens + ${addedTokens}, version = version + 1
    where tenant_id = caliber.current_tenant() and id = ${scope.scopeId}`
  for (let at = 0; at < rows.length; at += turnsPerEvent) {
    const count = Math.min(turnsPerEvent, rows.length - at)
    const data = { trajectoryId: scope.trajectoryId, firstSequence: scope.turnCount + at + 1, count }
    emit({ kind: 'turns.appended', subjectId: scope.scopeId, regionId: scope.regionId, data })
  }
  return stored.sort((a, b) => a.sequence - b.sequence)
}

/**
 * The tool calls of each turn as the database will give them back: it orders the keys of what a tool is given, and so the
 * text that is shown, whose tokens are counted.
 */
async function callsAsStored(sql: Sql, incoming: readonly IncomingTurn[]): Promise<readonly (readonly ToolCall[])[]> {
  if (incoming.every(({ toolCalls }) => toolCalls.length === 0)) return []
  const rows = await sql<{ toolCalls: readonly ToolCall[] }>`
    select value as "toolCalls" from jsonb_array_elements(${json(incoming.map(({ toolCalls }) => toolCalls))})
    with ordinality order by ordinality`
  return rows.map(({ toolCalls }) => toolCalls)
}
