-- 0012 chain: the log as evidence.
--
-- Every entry carries the hash of the one before, of its own fields and of the content that it brought, so nothing in
-- the log or in the content that it names can be changed, left out or slipped in without breaking the chain. Fields
-- are hashed with their lengths before them, so no two lists of fields give the same octets. The heads of the chain
-- are sealed outside the database (seals.ts): whoever may rewrite all of it cannot rewrite those.
--
-- Only append_events writes the log. It also keeps what the tenant has stored and refuses what exceeds its limits,
-- here rather than where content is inserted because the head row must be the last thing that a transaction locks.

select set_config('role', 'caliber_owner', true);

alter table caliber.event_head no force row level security;
alter table caliber.event_head
  add column hash bytea not null default '\x0000000000000000000000000000000000000000000000000000000000000000'
    check (octet_length(hash) = 32),
  add column items bigint not null default 0,
  add column bytes bigint not null default 0;

alter table caliber.event no force row level security;
alter table caliber.event
  add column region_id uuid,
  add column content_digest bytea check (octet_length(content_digest) = 32),
  add column hash bytea check (octet_length(hash) = 32),
  add constraint event_region_fkey foreign key (tenant_id, region_id) references caliber.region (tenant_id, id);

-- Hashed are the octets of an array: array_send writes the length of each element before it, and -1 for null. Text goes
-- in as UTF-8, whatever the session's encoding. Stable as array_send is: declared immutable they would not be inlined.
create function caliber_private.event_hash(before bytea, entry caliber.event) returns bytea
language sql stable parallel safe
as $$
  select sha256(before || array_send(array[
    uuid_send(entry.tenant_id), int8send(entry.seq), convert_to(entry.kind, 'UTF8'), uuid_send(entry.subject_id),
    convert_to(entry.data::text, 'UTF8'), uuid_send(entry.principal_id), uuid_send(entry.region_id),
    timestamptz_send(entry.at), entry.content_digest]))
$$;

create function caliber_private.turn_digest(t caliber.turn) returns bytea
language sql stable parallel safe
as $$
  select sha256(array_send(array[
    uuid_send(t.id), uuid_send(t.region_id), int4send(t.sequence), convert_to(t.role, 'UTF8'),
    convert_to(t.content, 'UTF8'), convert_to(t.tool_calls::text, 'UTF8'), convert_to(t.tool_results::text, 'UTF8'),
    int4send(t.token_count), convert_to(t.source_key, 'UTF8'), timestamptz_send(t.said_at)]))
$$;

create function caliber_private.revision_digest(r caliber.artifact_revision) returns bytea
language sql stable parallel safe
as $$
  select sha256(array_send(array[
    uuid_send(r.artifact_id), uuid_send(r.region_id), int4send(r.revision), convert_to(r.content, 'UTF8'),
    int4send(r.token_count), convert_to(r.provenance::text, 'UTF8'), uuid_send(r.created_by)]))
$$;

-- Of what never changes in a note. Its state is what the events about it say.
create function caliber_private.note_digest(n caliber.note) returns bytea
language sql stable parallel safe
as $$
  select sha256(array_send(array[
    uuid_send(n.id), uuid_send(n.region_id), uuid_send(n.trajectory_id), convert_to(n.type, 'UTF8'),
    convert_to(n.subject, 'UTF8'), convert_to(n.content, 'UTF8'), convert_to(n.level, 'UTF8'),
    float8send(n.confidence), boolsend(n.pinned), timestamptz_send(n.valid_from), timestamptz_send(n.valid_until),
    convert_to(n.sources::text, 'UTF8'), int4send(n.token_count), uuid_send(n.recorded_by),
    timestamptz_send(n.recorded_at)]))
$$;

-- The content that an event brought: the digest that the chain includes, and how much of it there is.
create function caliber_private.brought(tenant uuid, kind text, subject uuid, data jsonb,
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
    else null;
  end case;
  items := coalesce(items, 0);
  bytes := coalesce(bytes, 0);
end
$$;

create policy owner on caliber.event_head to caliber_owner using (true) with check (true);
create policy owner on caliber.event to caliber_owner using (true) with check (true);
alter table caliber.event_head force row level security;
alter table caliber.event force row level security;

-- Whether an event may say that it concerns a region: what is folded from the log must not show a thing where it does
-- not live, nor change what its writer could not.
create function caliber_private.concerns(tenant uuid, kind text, subject uuid, region uuid) returns boolean
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
    else
      return false;
  end case;
end
$$;

-- Append changes to the tenant's log, ring the doorbell, and say the sequence number of the last one. Call it last.
create function caliber.append_events(changes jsonb) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  tenant uuid := caliber.verified_tenant();
  head caliber.event_head;
  entry caliber.event;
  change jsonb;
  content record;
  added_items bigint := 0;
  added_bytes bigint := 0;
  limits record;
begin
  if tenant is null then
    raise exception 'no claims' using errcode = '42501';
  end if;
  select * into head from caliber.event_head where tenant_id = tenant for update;
  if not found then
    insert into caliber.event_head (tenant_id, seq) values (tenant, 0) returning * into head;
  end if;
  for change in select value from jsonb_array_elements(changes) loop
    entry.tenant_id := tenant;
    entry.seq := head.seq + 1;
    entry.kind := change ->> 'kind';
    entry.subject_id := (change ->> 'subjectId')::uuid;
    entry.data := change -> 'data';
    entry.principal_id := caliber.current_principal();
    entry.region_id := (change ->> 'regionId')::uuid;
    entry.at := clock_timestamp();
    if not caliber_private.concerns(tenant, entry.kind, entry.subject_id, entry.region_id) then
      raise exception '% of % does not concern this region', entry.kind, entry.subject_id using errcode = '42501';
    end if;
    content := caliber_private.brought(tenant, entry.kind, entry.subject_id, entry.data);
    entry.content_digest := content.digest;
    entry.hash := caliber_private.event_hash(head.hash, entry);
    insert into caliber.event values (entry.*);
    head.seq := entry.seq;
    head.hash := entry.hash;
    added_items := added_items + content.items;
    added_bytes := added_bytes + content.bytes;
  end loop;
  if added_items > 0 then
    select max_items, max_bytes into limits from caliber.tenant t where t.tenant_id = tenant;
    if head.items + added_items > limits.max_items or head.bytes + added_bytes > limits.max_bytes then
      raise exception 'the tenant has reached its limit' using errcode = 'CB003';
    end if;
  end if;
  update caliber.event_head
  set seq = head.seq, hash = head.hash, items = items + added_items, bytes = bytes + added_bytes where tenant_id = tenant;
  perform pg_notify('caliber_event', tenant || ' ' || head.seq);
  return head.seq;
end
$$;

-- What is wrong with entries first … last of the tenant's log, in order: the first row names where it broke.
create function caliber.verify_events(first bigint, last bigint) returns table (seq bigint, what text)
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
           brought.digest
    from caliber.event entry
    cross join lateral caliber_private.brought(entry.tenant_id, entry.kind, entry.subject_id, entry.data) as brought
    where entry.tenant_id = caliber.verified_tenant() and caliber.current_reach() = 'all'
      and entry.seq between first and last
    window w as (order by entry.seq)
  ) as e
  where e.seq <> coalesce(e.before_seq, 0) + 1
     or e.hash is distinct from caliber_private.event_hash(
          coalesce(e.before_hash, '\x0000000000000000000000000000000000000000000000000000000000000000'), e.entry)
     or (e.entry).content_digest is distinct from e.digest
  order by e.seq
$$;

-- Logs written before there was a chain are chained as they stand.
do $$
declare
  head record;
  entry caliber.event;
  content record;
  chained bytea;
  name text;
begin
  foreach name in array array['event', 'event_head', 'turn', 'artifact_revision', 'note'] loop
    execute format('alter table caliber.%I no force row level security', name);
  end loop;
  for head in select tenant_id from caliber.event_head loop
    chained := '\x0000000000000000000000000000000000000000000000000000000000000000';
    for entry in select * from caliber.event e where e.tenant_id = head.tenant_id order by e.seq loop
      content := caliber_private.brought(entry.tenant_id, entry.kind, entry.subject_id, entry.data);
      entry.content_digest := content.digest;
      entry.region_id := case when entry.kind ~ '^(trajectory|scope|turns|artifact|note)\.' then entry.tenant_id end;
      chained := caliber_private.event_hash(chained, entry);
      update caliber.event e set region_id = entry.region_id, content_digest = entry.content_digest, hash = chained
      where e.tenant_id = entry.tenant_id and e.seq = entry.seq;
      update caliber.event_head h set items = items + content.items, bytes = bytes + content.bytes, hash = chained
      where h.tenant_id = entry.tenant_id;
    end loop;
  end loop;
  foreach name in array array['event', 'event_head', 'turn', 'artifact_revision', 'note'] loop
    execute format('alter table caliber.%I force row level security', name);
  end loop;
end
$$;
alter table caliber.event alter column hash set not null;

-- The log is read within the regions that the reader may read, and appended by the function alone.
drop policy app on caliber.event;
create policy reads on caliber.event for select to caliber_app
  using (region_id is null or region_id = any ((select caliber.open_regions(false))::uuid[]));
drop policy app on caliber.event_head;
create policy reads on caliber.event_head for select to caliber_app using (true);
revoke insert on caliber.event from caliber_app;
revoke insert, update (seq) on caliber.event_head from caliber_app;

create policy audits on caliber.event for select to caliber_auditor using (true);
create policy audits on caliber.event_head for select to caliber_auditor using (true);
grant select on caliber.event, caliber.event_head to caliber_auditor;

grant execute on function caliber.append_events(jsonb) to caliber_app;
grant execute on function caliber.verify_events(bigint, bigint) to caliber_app, caliber_auditor;
