/** What models made, as far as nobody can ask for it any more (0019_sweep.sql). Each function deletes one batch and says how many rows it was. */
import { fragment, type Sql, texts } from '../../db/sql.ts'
import { limits } from '../../domain/limits.ts'
import { only } from '../only.ts'

/** The models that a process is configured with, as their vectors and summaries name them. */
export interface ModelsInUse {
  readonly embeddings?: readonly string[]
  readonly summary?: string | undefined
}

/** The models whose vectors are kept, one look into the index for each: `with recursive` goes before it. */
const embeddingModels = fragment`
  embedding_model (model) as (
    (select model from caliber.embedding where tenant_id = caliber.current_tenant() order by model limit 1)
    union all
    select (select e.model from caliber.embedding e
            where e.tenant_id = caliber.current_tenant() and e.model > before.model order by e.model limit 1)
    from embedding_model before where before.model is not null)`

/**
 * Say that the models of this process are in use, as far as something of theirs is kept. So is a model that nobody has spoken
 * of yet: what it made is younger than the last sweep.
 */
export async function sayInUse(sql: Sql, { embeddings = [], summary }: ModelsInUse): Promise<void> {
  await sql`
    with recursive ${embeddingModels}
    insert into caliber.model_use as u (tenant_id, kind, model)
    select caliber.current_tenant(), 'embedding', model from embedding_model where model is not null
    union
    select caliber.current_tenant(), 'summary', model from caliber.derivation
    where tenant_id = caliber.current_tenant() and model is not null
    on conflict (tenant_id, kind, model) do update set used_at = excluded.used_at
    where u.used_at < excluded.used_at - interval '1 day'
      and case excluded.kind when 'embedding' then excluded.model = any(${texts(embeddings)}) else excluded.model = ${summary ?? null} end`
}

/** Vectors of models that are not in use, and of texts that no live item holds. */
export async function sweepVectors(sql: Sql): Promise<number> {
  const unused = await sql`
    with recursive ${embeddingModels}
    delete from caliber.embedding
    where tenant_id = caliber.current_tenant() and ctid = any (array(
      select e.ctid from embedding_model m
      join caliber.embedding e on e.tenant_id = caliber.current_tenant() and e.model = m.model
      where e.created_at < clock_timestamp() - make_interval(days => ${limits.derivedGraceDays})
        and not exists (
          select from caliber.model_use u
          where u.tenant_id = caliber.current_tenant() and u.kind = 'embedding' and u.model = m.model
            and u.used_at >= clock_timestamp() - make_interval(days => ${limits.derivedGraceDays}))
      limit ${limits.rowsPerSweep}))
    returning 1`
  // Where an artifact says again what it said once, it is made again.
  const ended = await sql`
    delete from caliber.embedding
    where tenant_id = caliber.current_tenant() and ctid = any (array(
      select ctid from (
        select e.ctid from caliber.note n
        join caliber.embedding e on e.tenant_id = caliber.current_tenant() and e.item_id = n.id
        where n.tenant_id = caliber.current_tenant()
          and n.ended_at < clock_timestamp() - make_interval(days => ${limits.derivedGraceDays})
          and not exists (
            select from caliber.note same
            where same.tenant_id = caliber.current_tenant() and same.subject = n.subject and same.digest = n.digest
              and (same.ended_at is null
                   or same.ended_at >= clock_timestamp() - make_interval(days => ${limits.derivedGraceDays})))
        union all
        select e.ctid from caliber.artifact_revision later
        join caliber.embedding e on e.tenant_id = caliber.current_tenant() and e.item_id = later.artifact_id
        where later.tenant_id = caliber.current_tenant() and later.revision > 1 and e.created_at < later.created_at
          and later.created_at < clock_timestamp() - make_interval(days => ${limits.derivedGraceDays})
      ) as ended
      limit ${limits.rowsPerSweep}))
    returning 1`
  return unused.length + ended.length
}

/** The same of {@link embeddingModels} for the vectors of items. */
const itemModels = fragment`
  item_model (model) as (
    (select model from caliber.item_vector where tenant_id = caliber.current_tenant() order by model limit 1)
    union all
    select (select v.model from caliber.item_vector v
            where v.tenant_id = caliber.current_tenant() and v.model > before.model order by v.model limit 1)
    from item_model before where before.model is not null)`

/** Vectors of items by models that are not in use, and of notes that have ended. A memory holds no slot of either. */
export async function sweepItemVectors(sql: Sql): Promise<number> {
  const swept = await sql`
    with recursive ${itemModels}
    delete from caliber.item_vector
    where tenant_id = caliber.current_tenant() and ctid = any (array(
      select ctid from (
        select v.ctid from item_model m
        join caliber.item_vector v on v.tenant_id = caliber.current_tenant() and v.model = m.model
        where v.created_at < clock_timestamp() - make_interval(days => ${limits.derivedGraceDays})
          and not exists (
            select from caliber.model_use u
            where u.tenant_id = caliber.current_tenant() and u.kind = 'embedding' and u.model = m.model
              and u.used_at >= clock_timestamp() - make_interval(days => ${limits.derivedGraceDays}))
        union all
        select v.ctid from caliber.note n
        join caliber.item_vector v on v.tenant_id = caliber.current_tenant() and v.item_id = n.id
        where n.tenant_id = caliber.current_tenant()
          and n.ended_at < clock_timestamp() - make_interval(days => ${limits.derivedGraceDays})
      ) as ended
      limit ${limits.rowsPerSweep}))
    returning 1`
  return swept.length
}

/** Summaries of models that are not in use, of what is set aside, of windows long ago, and those that were never made. */
export async function sweepSummaries(sql: Sql): Promise<number> {
  const { swept } = only(
    await sql<{ swept: number }>`
      select caliber.sweep_derivations(
        clock_timestamp() - make_interval(days => ${limits.derivedGraceDays}),
        clock_timestamp() - make_interval(days => ${limits.windowRetentionDays}), ${limits.rowsPerSweep}) as swept`,
  )
  return swept
}
