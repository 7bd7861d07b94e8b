import { z } from 'zod'
import { operation } from '../operation.ts'

const problemsListed = 100

export const verifyMemory = operation({
  name: 'memory.verify',
  http: 'GET /v1/memory/verify',
  summary: 'Check stored content against its digests, the log for gaps, and scopes against their turns.',
  example: {},
  input: z.strictObject({}),
  output: z.strictObject({
    ok: z.boolean(),
    checked: z.strictObject({
      turns: z.int(),
      artifactRevisions: z.int(),
      notes: z.int(),
      events: z.int(),
      scopes: z.int(),
    }),
    problemCount: z.int(),
    problems: z
      .array(z.strictObject({ what: z.string(), id: z.string() }))
      .describe(`What is wrong with which id; at most ${problemsListed} of them.`),
  }),
  effect: 'read',
  needs: 'read',
  mcp: false,
  idempotent: true,

  async run({ sql }) {
    const [checked] = await sql<{
      turns: number
      artifactRevisions: number
      notes: number
      events: number
      scopes: number
    }>`
      select (select count(*) from caliber.turn where tenant_id = caliber.current_tenant()) as turns,
             (select count(*) from caliber.artifact_revision where tenant_id = caliber.current_tenant()) as "artifactRevisions",
             (select count(*) from caliber.note where tenant_id = caliber.current_tenant()) as notes,
             (select count(*) from caliber.event where tenant_id = caliber.current_tenant()) as events,
             (select count(*) from caliber.scope where tenant_id = caliber.current_tenant()) as scopes`
    const problems = await sql<{ what: string; id: string; total: number }>`
      with problem as (
        select 'turn content does not match its digest' as what, id::text as id from caliber.turn
        where tenant_id = caliber.current_tenant() and digest <> caliber.content_digest(content)
        union all
        select 'artifact content does not match its digest', artifact_id || ' revision ' || revision
        from caliber.artifact_revision
        where tenant_id = caliber.current_tenant() and digest <> caliber.content_digest(content)
        union all
        select 'note content does not match its digest', id::text from caliber.note
        where tenant_id = caliber.current_tenant() and digest <> caliber.content_digest(content)
        union all
        select 'event sequence has a gap before', seq::text
        from (select seq, lag(seq, 1, 0::bigint) over (order by seq) as before from caliber.event
              where tenant_id = caliber.current_tenant()) as entry
        where seq <> before + 1
        union all
        select 'log head is not the newest event', seq::text from caliber.event_head
        where tenant_id = caliber.current_tenant()
          and seq <> (select coalesce(max(seq), 0) from caliber.event where tenant_id = caliber.current_tenant())
        union all
        select 'scope does not add up to its turns', s.id::text
        from caliber.scope s
        left join (select scope_id, count(*) as turns, sum(token_count) as tokens, max(sequence) as last from caliber.turn
                   where tenant_id = caliber.current_tenant() group by scope_id) t on t.scope_id = s.id
        where s.tenant_id = caliber.current_tenant()
          and (s.turn_count, s.used_tokens, s.turn_count) is distinct from
              (coalesce(t.turns, 0), coalesce(t.tokens, 0), coalesce(t.last, 0))
      )
      select what, id, count(*) over () as total from problem order by what, id limit ${problemsListed}`
    return {
      ok: problems.length === 0,
      checked: checked ?? { turns: 0, artifactRevisions: 0, notes: 0, events: 0, scopes: 0 },
      problemCount: problems[0]?.total ?? 0,
      problems: problems.map(({ what, id }) => ({ what, id })),
    }
  },
})
