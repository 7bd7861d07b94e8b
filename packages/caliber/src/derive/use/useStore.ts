/** What models were asked for a tenant, in the database: a row per day in UTC, kind and model (0021_usage.sql). */
import type { Sql } from '../../db/sql.ts'
import type { ModelUse } from '../../domain/modelUse.ts'

/** A tenant's day as the database knows it. */
export interface Today {
  /** Null: no limit. */
  readonly limitTokens: number | null
  readonly usedTokens: number
  /** When the next day begins, and how long that is from now. */
  readonly endsAt: string
  readonly leftMs: number
}

/** Count use in the transaction of what was made by it. Last in it: the row is held until it ends. */
export async function addUse(sql: Sql, use: ModelUse | undefined): Promise<void> {
  if (!use) return
  const { kind, model, calls, inputTokens, outputTokens } = use
  await sql`select caliber.add_usage(${kind}, ${model}, ${calls}, ${inputTokens}, ${outputTokens})`
}

/** The day of the tenant that the session is in; undefined where there is no such tenant. */
export async function readToday(sql: Sql): Promise<Today | undefined> {
  const [today] = await sql<Today>`
    with today (moment, day, ends_at) as materialized (
      select at, (at at time zone 'UTC')::date, ((at at time zone 'UTC')::date + 1)::timestamp at time zone 'UTC'
      from clock_timestamp() as at)
    select t.model_tokens_per_day as "limitTokens",
           (select coalesce(sum(u.input_tokens + u.output_tokens), 0)::bigint from caliber.usage u
            where u.tenant_id = caliber.current_tenant() and u.day = today.day) as "usedTokens",
           today.ends_at as "endsAt", ceil(extract(epoch from today.ends_at - today.moment) * 1000)::bigint as "leftMs"
    from caliber.tenant t cross join today
    where t.tenant_id = caliber.current_tenant()`
  return today
}
