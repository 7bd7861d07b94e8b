import { z } from 'zod'
import { json, type Sql } from '../../db/sql.ts'
import type { SealedLog } from '../../domain/seal.ts'
import { only } from '../only.ts'
import { operation } from '../operation.ts'

const problemsListed = 100
/** Entries of the log checked by one statement: it stays far below the time limit of a statement. */
const eventsAtOnce = 2_000

const problem = z.strictObject({ what: z.string(), id: z.string() })

export const verifyMemory = operation({
  name: 'memory.verify',
  http: 'GET /v1/memory/verify',
  summary:
    'Check the log and its seals, the content that it names, digests, and sums; the first bad entry comes first.',
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
      seals: z.int(),
    }),
    problemCount: z.int(),
    problems: z.array(problem).describe(`What is wrong with which id; at most ${problemsListed} of them.`),
  }),
  effect: 'read',
  needs: 'admin',
  reach: 'tenant',
  mcp: false,
  idempotent: true,

  async run({ sql, seals }) {
    const counted = await count(sql)
    const sealed = await seals()
    const problems = [
      ...(await brokenChain(sql, counted.events)),
      ...(await brokenSeals(sql, sealed)),
      ...(await wrongContent(sql)),
    ]
    return {
      ok: problems.length === 0,
      checked: { ...counted, seals: sealed.seals.length },
      problemCount: problems.length,
      problems: problems.slice(0, problemsListed),
    }
  },
})

type Problem = z.infer<typeof problem>

async function count(sql: Sql) {
  return only(
    await sql<{ turns: number; artifactRevisions: number; notes: number; events: number; scopes: number }>`
      select (select count(*) from caliber.turn where tenant_id = caliber.current_tenant()) as turns,
             (select count(*) from caliber.artifact_revision where tenant_id = caliber.current_tenant()) as "artifactRevisions",
             (select count(*) from caliber.note where tenant_id = caliber.current_tenant()) as notes,
             (select count(*) from caliber.event where tenant_id = caliber.current_tenant()) as events,
             (select count(*) from caliber.scope where tenant_id = caliber.current_tenant()) as scopes`,
  )
}

/** Entries whose hash, place or content is not what the chain says, in order of the log. */
async function brokenChain(sql: Sql, events: number): Promise<readonly Problem[]> {
  const [head] = await sql<{ newest: number }>`
    select coalesce(max(seq), 0) as newest from caliber.event where tenant_id = caliber.current_tenant()`
  const last = Math.max(events, head?.newest ?? 0)
  const problems: Problem[] = []
  for (let first = 1; first <= last; first += eventsAtOnce) {
    const broken = await sql<Problem>`
      select what, 'event ' || seq as id from caliber.verify_events(${first}, ${first + eventsAtOnce - 1})`
    problems.push(...broken)
  }
  return problems
}

async function brokenSeals(sql: Sql, { seals, faults }: SealedLog): Promise<readonly Problem[]> {
  const differing = await sql<{ seq: number; at: string }>`
    select seal.seq, seal.at from jsonb_to_recordset(${json(seals)}) as seal (seq bigint, hash text, at text)
    left join caliber.event e on e.tenant_id = caliber.current_tenant() and e.seq = seal.seq
    where encode(e.hash, 'hex') is distinct from seal.hash order by seal.seq`
  return [
    ...faults.map((fault) => ({ what: 'a seal was tampered with', id: fault })),
    ...differing.map(({ seq, at }) => ({ what: `the log is not what was sealed at ${at}`, id: `event ${seq}` })),
  ]
}

async function wrongContent(sql: Sql): Promise<readonly Problem[]> {
  return sql<Problem>`
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
    select 'log head is not the newest event', seq::text from caliber.event_head h
    where tenant_id = caliber.current_tenant()
      and (not exists (select from caliber.event e where e.tenant_id = h.tenant_id and e.seq = h.seq and e.hash = h.hash)
           or exists (select from caliber.event e where e.tenant_id = h.tenant_id and e.seq > h.seq))
    union all
    select 'the tenant does not add up to what it stores', tenant_id::text from caliber.event_head h
    where tenant_id = caliber.current_tenant()
      and items <> (select count(*) from caliber.turn where tenant_id = h.tenant_id)
                 + (select count(*) from caliber.artifact_revision where tenant_id = h.tenant_id)
                 + (select count(*) from caliber.note where tenant_id = h.tenant_id)
    union all
    select 'scope does not add up to its turns', s.id::text
    from caliber.scope s
    left join (select scope_id, count(*) as turns, sum(token_count) as tokens, max(sequence) as last from caliber.turn
               where tenant_id = caliber.current_tenant() group by scope_id) t on t.scope_id = s.id
    left join (select subject_id, sum(items) as turns from caliber.erasure
               where tenant_id = caliber.current_tenant() group by subject_id) gone on gone.subject_id = s.id
    where s.tenant_id = caliber.current_tenant()
      and ((s.turn_count, s.used_tokens) is distinct from (coalesce(t.turns, 0) + coalesce(gone.turns, 0), coalesce(t.tokens, 0))
           or coalesce(t.last, 0) > s.turn_count)
    order by what, id`
}
