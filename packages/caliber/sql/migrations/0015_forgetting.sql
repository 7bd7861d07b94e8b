-- 0015 forgetting: erase items and everything derived from them, so that the log still proves what is left.
--
-- Content is immutable and nobody is granted to delete it; erase() alone does, within the regions that the claims may
-- write, and takes the whole closure over lineage or nothing. What stays of an item is its id, in the entry of the log
-- that brought it and in a row of caliber.erasure per entry and forgetting:
--
--     event 4  turns.appended    content digest over turns a, b, c      ┐ erasure (4, 1): b gone, digest over a, c
--     event 9  memory.forgotten  content digest over the erasures of it ┘
--
-- So an entry keeps its hash; where there is an erasure that an entry of the log accounts for, what the entry brought
-- is compared with the digest over what was left. Anything else that is missing is still found. Before it erases,
-- erase() compares the entries with what they brought: nobody forgets to cover what was changed.

select set_config('role', 'caliber_owner', true);

-- Forgetting takes vectors along.
create policy owner on caliber.embedding to caliber_owner using (true) with check (true);

create table caliber.erasure (
  tenant_id  uuid not null,
  -- The entry of the log that brought what is gone, and how often something of it was erased.
  entry_seq  bigint not null,
  generation integer not null check (generation > 0),
  receipt_id uuid not null,
  region_id  uuid not null,
  -- What the entry is about: a scope, an artifact, a note or a trajectory.
  subject_id uuid not null,
  erased     uuid[] not null,
  items      bigint not null,
  bytes      bigint not null,
  -- Of imported turns: importing their source again must not bring them back.
  source_keys text[] not null default '{}',
  -- Digest over what is left of what the entry brought.
  remainder  bytea check (octet_length(remainder) = 32),
  primary key (tenant_id, entry_seq, generation),
  foreign key (tenant_id, entry_seq) references caliber.event (tenant_id, seq),
  foreign key (tenant_id, region_id) references caliber.region (tenant_id, id)
);
create index erasure_receipt on caliber.erasure (tenant_id, receipt_id);
create index erasure_subject on caliber.erasure (tenant_id, subject_id);
create index event_forgotten on caliber.event (tenant_id, subject_id) where kind = 'memory.forgotten';

alter table caliber.erasure enable row level security;
alter table caliber.erasure force row level security;
create policy wall on caliber.erasure as restrictive
  using (tenant_id = (select caliber.verified_tenant())) with check (tenant_id = (select caliber.verified_tenant()));
create policy owner on caliber.erasure to caliber_owner using (true) with check (true);
create policy reads on caliber.erasure for select to caliber_app
  using (region_id = any ((select caliber.open_regions(false))::uuid[]));
grant select on caliber.erasure to caliber_app;

-- What a window shows, so that it can go when that goes. Of windows stored before this nobody knows: they go first.
alter table caliber.context_window
  add column items uuid[],
  add column query_digest bytea check (octet_length(query_digest) = 32);
create policy owner on caliber.context_window to caliber_owner using (true) with check (true);
create policy owner on caliber.idempotency to caliber_owner using (true) with check (true);

-- What stands for a name that was forgotten: the same name is known again, and cannot be read off.
create function caliber.forgotten_name(name text) returns text
language sql immutable strict parallel safe
as $$
  select case when name ~ '^forgotten:[0-9a-f]{64}$' then name
              else 'forgotten:' || encode(sha256(convert_to(name, 'UTF8')), 'hex') end
$$;

-- Hold the tenant's lineage as it is until the transaction ends, beside others who do: nothing is forgotten meanwhile.
create function caliber.hold_lineage() returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select pg_advisory_xact_lock_shared(caliber_private.lineage_lock(caliber.verified_tenant())) $$;

-- What is forgotten with the items chosen: all that is derived from them, and every version of a note among them.
-- Where some of it lies in a region that the claims may not write, nothing is said but that.
create function caliber.forgotten_with(chosen uuid[]) returns table (id uuid, kind text, region_id uuid)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  tenant uuid := caliber.verified_tenant();
  open uuid[] := caliber.open_regions(true);
  reached uuid[];
begin
  if tenant is null then
    raise exception 'no claims' using errcode = '42501';
  end if;
  perform pg_advisory_xact_lock(caliber_private.lineage_lock(tenant));
  reached := array(
    with recursive walk (item) as (
      select unnest(chosen)
      union
      select next.item from walk cross join lateral (
        select l.derived_id as item from caliber.lineage l where l.tenant_id = tenant and l.source_id = walk.item
        union all
        select n.id from caliber.note n where n.tenant_id = tenant and n.superseded_by = walk.item
      ) as next
    )
    select item from walk);
  if exists (select from unnest(reached) as r (item)
             where not coalesce(caliber_private.region_of_item(tenant, r.item) = any (open), true)) then
    raise exception 'the closure leaves the regions that may be written' using errcode = 'CB004';
  end if;
  return query
    select t.id, 'turn', t.region_id from caliber.turn t where t.tenant_id = tenant and t.id = any (reached)
    union all
    select a.id, 'artifact', a.region_id from caliber.artifact a where a.tenant_id = tenant and a.id = any (reached)
    union all
    select n.id, 'note', n.region_id from caliber.note n where n.tenant_id = tenant and n.id = any (reached);
end
$$;

create function caliber_private.erasure_digest(e caliber.erasure) returns bytea
language sql stable parallel safe
as $$
  select sha256(array_send(array[
    int8send(e.entry_seq), int4send(e.generation), uuid_send(e.receipt_id), uuid_send(e.region_id),
    uuid_send(e.subject_id), convert_to(e.erased::text, 'UTF8'), int8send(e.items), int8send(e.bytes),
    convert_to(e.source_keys::text, 'UTF8'), e.remainder]))
$$;

-- Erase what was chosen and all that is forgotten with it; of whole trajectories also the words of their names, goals,
-- outcomes and scopes. `receipts` says under which id the erasures of each region stand. Call it before the events that
-- account for it: one memory.forgotten per receipt.
create function caliber.erase(chosen uuid[], trajectories uuid[], receipts jsonb)
returns table (windows bigint, answers bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  tenant uuid := caliber.verified_tenant();
  gone uuid[] := array(select f.id from caliber.forgotten_with(chosen) as f);
  named uuid[];
  digests bytea[];
  scopes uuid[];
  touched uuid[];
  broken bigint;
begin
  if exists (select from unnest(trajectories) as g (id) where not exists (
               select from caliber.trajectory t
               where t.tenant_id = tenant and t.id = g.id and t.region_id = any (caliber.open_regions(true)))) then
    raise exception 'a trajectory is not there or may not be written' using errcode = 'CB004';
  end if;
  named := gone || trajectories;
  scopes := array(select distinct t.scope_id from caliber.turn t where t.tenant_id = tenant and t.id = any (gone));
  touched := array(
    select s.trajectory_id from caliber.turn t
    join caliber.scope s on s.tenant_id = t.tenant_id and s.id = t.scope_id where t.tenant_id = tenant and t.id = any (gone)
    union select a.trajectory_id from caliber.artifact a where a.tenant_id = tenant and a.id = any (gone)
    union select n.trajectory_id from caliber.note n
    where n.tenant_id = tenant and n.id = any (gone) and n.trajectory_id is not null
    union select unnest(trajectories));
  digests := array(
    select t.digest from caliber.turn t where t.tenant_id = tenant and t.id = any (gone)
    union select r.digest from caliber.artifact_revision r where r.tenant_id = tenant and r.artifact_id = any (gone)
    union select n.digest from caliber.note n where n.tenant_id = tenant and n.id = any (gone));

  insert into caliber.erasure
    (tenant_id, entry_seq, generation, receipt_id, region_id, subject_id, erased, items, bytes, source_keys)
  select tenant, e.seq,
         1 + (select count(*) from caliber.erasure x where x.tenant_id = tenant and x.entry_seq = e.seq),
         (receipts ->> e.region_id::text)::uuid, e.region_id, e.subject_id, array_agg(lost.id order by lost.place),
         sum(lost.items), sum(lost.bytes),
         coalesce(array_agg(caliber.forgotten_name(lost.source_key) order by lost.place)
                    filter (where lost.source_key is not null), '{}')
  from (
    select 'turns.appended' as kind, t.scope_id as subject, t.sequence as place, t.id, t.source_key, 1 as items,
           octet_length(t.content) + octet_length(t.tool_calls::text) + octet_length(t.tool_results::text) as bytes
    from caliber.turn t where t.tenant_id = tenant and t.id = any (gone)
    union all
    select 'artifact.revised', r.artifact_id, r.revision, r.artifact_id, null, 1, octet_length(r.content)
    from caliber.artifact_revision r where r.tenant_id = tenant and r.artifact_id = any (gone)
    union all
    select 'note', n.id, 1, n.id, null, 1, octet_length(n.content)
    from caliber.note n where n.tenant_id = tenant and n.id = any (gone)
    union all
    select 'trajectory.started', g.id, 1, g.id, null, 0, 0 from unnest(trajectories) as g (id)
  ) as lost
  join caliber.event e
    on e.tenant_id = tenant
   and lost.kind = case when e.kind in ('note.recorded', 'note.superseded') then 'note' else e.kind end
   and lost.subject = case e.kind when 'note.superseded' then (e.data ->> 'by')::uuid else e.subject_id end
   and case e.kind when 'turns.appended' then
              lost.place >= (e.data ->> 'firstSequence')::integer
              and lost.place < (e.data ->> 'firstSequence')::integer + (e.data ->> 'count')::integer
            when 'artifact.revised' then lost.place = (e.data ->> 'revision')::integer
            else true end
  group by e.seq, e.region_id, e.subject_id;

  select min(e.seq) into broken
  from caliber.erasure x
  join caliber.event e on e.tenant_id = tenant and e.seq = x.entry_seq
  cross join lateral caliber_private.brought(e.tenant_id, e.kind, e.subject_id, e.data) as brought
  where x.tenant_id = tenant and x.receipt_id = any (array(select value::uuid from jsonb_each_text(receipts)))
    and brought.digest is distinct from case x.generation when 1 then e.content_digest else (
          select b.remainder from caliber.erasure b
          where b.tenant_id = tenant and b.entry_seq = x.entry_seq and b.generation = x.generation - 1) end;
  if broken is not null then
    raise exception 'what entry % brought is not what the log says', broken using errcode = 'CB005';
  end if;

  update caliber.scope s set used_tokens = s.used_tokens - lost.tokens, version = s.version + 1
  from (select t.scope_id, sum(t.token_count) as tokens from caliber.turn t
        where t.tenant_id = tenant and t.id = any (gone) group by t.scope_id) as lost
  where s.tenant_id = tenant and s.id = lost.scope_id;
  delete from caliber.lineage l where l.tenant_id = tenant and (l.derived_id = any (gone) or l.source_id = any (gone));
  delete from caliber.turn t where t.tenant_id = tenant and t.id = any (gone);
  delete from caliber.artifact_revision r where r.tenant_id = tenant and r.artifact_id = any (gone);
  delete from caliber.artifact a where a.tenant_id = tenant and a.id = any (gone);
  delete from caliber.note n where n.tenant_id = tenant and n.id = any (gone);
  -- Whoever says the same and is still there gets its vector computed again.
  delete from caliber.embedding e where e.tenant_id = tenant and e.item_id = any (gone);

  -- What came of a trajectory was written knowing all of it.
  update caliber.trajectory t
  set outcome = jsonb_set(t.outcome, '{summary}', 'null'), version = t.version + 1, updated_at = clock_timestamp()
  where t.tenant_id = tenant and t.id = any (touched) and t.outcome ->> 'summary' is not null;
  update caliber.trajectory t
  set name = 'forgotten', goal = null, source_key = caliber.forgotten_name(t.source_key), version = t.version + 1,
      updated_at = clock_timestamp()
  where t.tenant_id = tenant and t.id = any (trajectories);
  update caliber.scope s
  set name = 'forgotten', purpose = null, source_key = caliber.forgotten_name(s.source_key), version = s.version + 1
  where s.tenant_id = tenant and s.trajectory_id = any (trajectories);

  update caliber.erasure x set remainder = brought.digest
  from caliber.event e cross join lateral caliber_private.brought(e.tenant_id, e.kind, e.subject_id, e.data) as brought
  where x.tenant_id = tenant and x.receipt_id = any (array(select value::uuid from jsonb_each_text(receipts)))
    and e.tenant_id = tenant and e.seq = x.entry_seq;

  delete from caliber.context_window w
  where w.tenant_id = tenant
    and (w.items is null or w.query_digest = any (digests) or w.id in (
           select shows.id from caliber.context_window shows cross join unnest(shows.items) as item (id)
           where shows.tenant_id = tenant and item.id = any (gone || scopes)));
  get diagnostics windows = row_count;
  -- The record stays, so that nothing is carried out a second time; whoever repeats the request is told that it differs.
  update caliber.idempotency i set response = null, request_digest = ''
  where i.tenant_id = tenant and i.response is not null and exists (
    select from regexp_matches(i.response::text, '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}', 'g') as m
    where m[1]::uuid = any (named));
  get diagnostics answers = row_count;
  return next;
end
$$;

-- The log accounts for erasures as for content: its entry brings the digest over them, and takes from what is stored.
create or replace function caliber_private.brought(tenant uuid, kind text, subject uuid, data jsonb,
                                                   out digest bytea, out items bigint, out bytes bigint)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
  case kind
    when 'turns.appended' then
      select sha256(string_agg(caliber_private.turn_digest(t), '' order by t.sequence)), count(*),
             sum(octet_length(t.content) + octet_length(t.tool_calls::text) + octet_length(t.tool_results::text))
      into digest, items, bytes
      from caliber.turn t
      where t.tenant_id = tenant and t.scope_id = subject and t.sequence >= (data ->> 'firstSequence')::integer
        and t.sequence < (data ->> 'firstSequence')::integer + (data ->> 'count')::integer;
    when 'artifact.revised' then
      select caliber_private.revision_digest(r), 1, octet_length(r.content) into digest, items, bytes
      from caliber.artifact_revision r
      where r.tenant_id = tenant and r.artifact_id = subject and r.revision = (data ->> 'revision')::integer;
    when 'note.recorded', 'note.superseded' then
      select caliber_private.note_digest(n), 1, octet_length(n.content) into digest, items, bytes
      from caliber.note n
      where n.tenant_id = tenant and n.id = case kind when 'note.recorded' then subject else (data ->> 'by')::uuid end;
    when 'memory.forgotten' then
      select sha256(string_agg(caliber_private.erasure_digest(e), '' order by e.entry_seq, e.generation)),
             -sum(e.items), -sum(e.bytes)
      into digest, items, bytes
      from caliber.erasure e
      where e.tenant_id = tenant and e.receipt_id = subject;
    else null;
  end case;
  items := coalesce(items, 0);
  bytes := coalesce(bytes, 0);
end
$$;

create or replace function caliber_private.concerns(tenant uuid, kind text, subject uuid, region uuid) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
  noun text := split_part(kind, '.', 1);
begin
  if noun in ('tenant', 'principal', 'key', 'sweep') then
    return region is null;
  end if;
  -- Whoever reads a region may share its locks; what a grant changes is read from its rows and not from the event.
  if region is null or not region = any (caliber.open_regions(noun not in ('lock', 'region'))) then
    return false;
  end if;
  case noun
    when 'lock', 'region' then
      return subject = region;
    when 'trajectory' then
      return exists (select from caliber.trajectory t where t.tenant_id = tenant and t.id = subject and t.region_id = region);
    when 'scope', 'turns' then
      return exists (select from caliber.scope s where s.tenant_id = tenant and s.id = subject and s.region_id = region);
    when 'artifact' then
      return exists (select from caliber.artifact a where a.tenant_id = tenant and a.id = subject and a.region_id = region);
    when 'note' then
      return exists (select from caliber.note n where n.tenant_id = tenant and n.id = subject and n.region_id = region);
    when 'memory' then
      -- Each receipt is accounted for once: it is taken from what the tenant stores.
      return kind = 'memory.forgotten'
         and exists (select from caliber.erasure x where x.tenant_id = tenant and x.receipt_id = subject and x.region_id = region)
         and not exists (select from caliber.event e
                         where e.tenant_id = tenant and e.kind = 'memory.forgotten' and e.subject_id = subject);
    else
      return false;
  end case;
end
$$;

create or replace function caliber.verify_events(first bigint, last bigint) returns table (seq bigint, what text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select e.seq,
         case when e.seq <> coalesce(e.before_seq, first - 1) + 1 then 'an entry of the log is missing before this one'
              when e.hash is distinct from caliber_private.event_hash(
                     coalesce(e.before_hash, '\x0000000000000000000000000000000000000000000000000000000000000000'), e.entry)
                then 'the entry or one before it was changed'
              else 'the content that the entry brought was changed or is missing' end
  from (
    select entry, entry.seq, entry.hash,
           coalesce(lag(entry.seq) over w, (select max(b.seq) from caliber.event b where b.tenant_id = entry.tenant_id and b.seq < first)) as before_seq,
           coalesce(lag(entry.hash) over w,
             (select b.hash from caliber.event b where b.tenant_id = entry.tenant_id and b.seq < first order by b.seq desc limit 1)) as before_hash,
           brought.digest,
           case when forgotten.generation is null then entry.content_digest else forgotten.remainder end as expected
    from caliber.event entry
    cross join lateral caliber_private.brought(entry.tenant_id, entry.kind, entry.subject_id, entry.data) as brought
    -- An erasure counts where an entry accounts for it.
    left join lateral (
      select x.generation, x.remainder from caliber.erasure x
      where x.tenant_id = entry.tenant_id and x.entry_seq = entry.seq
        and exists (select from caliber.event f
                    where f.tenant_id = x.tenant_id and f.kind = 'memory.forgotten' and f.subject_id = x.receipt_id)
      order by x.generation desc limit 1) as forgotten on true
    where entry.tenant_id = caliber.verified_tenant() and caliber.current_reach() = 'all'
      and entry.seq between first and last
    window w as (order by entry.seq)
  ) as e
  where e.seq <> coalesce(e.before_seq, 0) + 1
     or e.hash is distinct from caliber_private.event_hash(
          coalesce(e.before_hash, '\x0000000000000000000000000000000000000000000000000000000000000000'), e.entry)
     or e.expected is distinct from e.digest
  order by e.seq
$$;

-- Where something still stands of items by their ids, or of a text: rows per table. Not in the receipts that name
-- what is gone, nor for ids in the log. It sees what its caller may: for work that reaches the whole tenant, everything.
create function caliber.residue(ids uuid[], words text) returns table (place text, hits bigint)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  -- As it stands within JSON: what a row is looked at as.
  quoted text := substr(to_jsonb(words)::text, 2, length(to_jsonb(words)::text) - 2);
  octets text := encode(convert_to(words, 'UTF8'), 'hex');
begin
  for place in
    select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'caliber' and c.relkind in ('r', 'p') order by 1
  loop
    execute format('
      select count(*) from caliber.%1$I as x
      cross join lateral (select string_agg(value::text, '' '') from jsonb_each(to_jsonb(x))) as said (all_of_it)
      where x.tenant_id = $1
        and (position($3 in all_of_it) > 0 or position($4 in all_of_it) > 0
             or $5 and exists (
                  select from regexp_matches(all_of_it, ''[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'', ''g'') as m
                  where m[1]::uuid = any ($2)))', place)
    into hits using caliber.current_tenant(), ids, quoted, octets, place not in ('erasure', 'event') and cardinality(ids) > 0;
    if hits > 0 then
      return next;
    end if;
  end loop;
end
$$;

grant execute on function caliber.forgotten_name(text), caliber.hold_lineage(), caliber.forgotten_with(uuid[]),
  caliber.erase(uuid[], uuid[], jsonb), caliber.residue(uuid[], text) to caliber_app;
