-- 0014 lineage: what was made from what, as rows.
--
-- One row per derived item and source, written by triggers in the transaction that writes the item: a note's sources,
-- an artifact's turns (over all its revisions), and the note that a note replaces. An item is a turn, an artifact or a
-- note; their ids are unique over all three. What walks lineage (0015) holds the tenant's lineage lock exclusively, what
-- adds to it holds it shared: nothing is derived from an item while that item is being erased.

select set_config('role', 'caliber_owner', true);

create table caliber.lineage (
  tenant_id  uuid not null,
  derived_id uuid not null,
  source_id  uuid not null,
  -- Where the derived item lives.
  region_id  uuid not null,
  primary key (tenant_id, derived_id, source_id),
  check (derived_id <> source_id),
  foreign key (tenant_id, region_id) references caliber.region (tenant_id, id)
);
create index lineage_source on caliber.lineage (tenant_id, source_id);
create index note_superseded on caliber.note (tenant_id, superseded_by) where superseded_by is not null;

create function caliber_private.lineage_lock(tenant uuid) returns bigint
language sql immutable strict
as $$ select hashtextextended('caliber.lineage ' || tenant, 0) $$;

create function caliber_private.region_of_item(tenant uuid, item uuid) returns uuid
language sql stable
as $$
  select region_id from caliber.turn where tenant_id = tenant and id = item
  union all select region_id from caliber.artifact where tenant_id = tenant and id = item
  union all select region_id from caliber.note where tenant_id = tenant and id = item
  limit 1
$$;

-- Say that an item was made from others. A source that is not there, or that the writer may not read, is refused alike.
create function caliber_private.add_lineage(tenant uuid, derived uuid, home uuid, sources uuid[]) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  readable uuid[];
begin
  perform pg_advisory_xact_lock_shared(caliber_private.lineage_lock(tenant));
  readable := caliber.open_regions(false);
  if exists (select from unnest(sources) as s (id)
             where not coalesce(caliber_private.region_of_item(tenant, s.id) = any (readable), false)) then
    raise exception 'a source of % is not there', derived using errcode = '23503';
  end if;
  insert into caliber.lineage (tenant_id, derived_id, source_id, region_id)
  select distinct tenant, derived, s.id, home from unnest(sources) as s (id)
  on conflict do nothing;
end
$$;

create function caliber_private.note_lineage() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform caliber_private.add_lineage(new.tenant_id, new.id, new.region_id,
    array(select (s ->> 'id')::uuid from jsonb_array_elements(new.sources) as s));
  return null;
end
$$;

create function caliber_private.replacement_lineage() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform caliber_private.add_lineage(new.tenant_id, new.superseded_by,
    caliber_private.region_of_item(new.tenant_id, new.superseded_by), array[new.id]);
  return null;
end
$$;

create function caliber_private.revision_lineage() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform caliber_private.add_lineage(new.tenant_id, new.artifact_id, new.region_id,
    array(select id::uuid from jsonb_array_elements_text(new.provenance -> 'sourceTurnIds') as id));
  return null;
end
$$;

create trigger lineage after insert on caliber.note for each row
  when (new.sources <> '[]') execute function caliber_private.note_lineage();
create trigger replacement after update of superseded_by on caliber.note for each row
  when (new.superseded_by is not null) execute function caliber_private.replacement_lineage();
create trigger lineage after insert on caliber.artifact_revision for each row
  when (new.provenance -> 'sourceTurnIds' <> '[]') execute function caliber_private.revision_lineage();
alter table caliber.note enable always trigger lineage;
alter table caliber.note enable always trigger replacement;
alter table caliber.artifact_revision enable always trigger lineage;

-- Nothing is trusted more than what it is made from. A note that replaces another is not made from its words, so that one
-- who knows better can say so; an artifact's revision is made from the one before.
create function caliber_private.least_trust(tenant uuid, made_from uuid[]) returns double precision
language sql stable
as $$
  select min(trust) from (
    select trust from caliber.turn where tenant_id = tenant and id = any (made_from)
    union all
    select trust from caliber.note where tenant_id = tenant and id = any (made_from)
    union all
    select r.trust from caliber.artifact a
    join caliber.artifact_revision r on r.tenant_id = a.tenant_id and r.artifact_id = a.id and r.revision = a.revision
    where a.tenant_id = tenant and a.id = any (made_from)) as source
$$;

create function caliber_private.note_trust() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  new.trust := least(new.trust, caliber_private.least_trust(new.tenant_id,
    array(select (s ->> 'id')::uuid from jsonb_array_elements(new.sources) as s)));
  return new;
end
$$;

create function caliber_private.revision_trust() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  new.trust := least(new.trust, caliber_private.least_trust(new.tenant_id, array[new.artifact_id] ||
    array(select id::uuid from jsonb_array_elements_text(new.provenance -> 'sourceTurnIds') as id)));
  return new;
end
$$;

create trigger trust before insert on caliber.note for each row
  when (new.sources <> '[]') execute function caliber_private.note_trust();
create trigger trust before insert on caliber.artifact_revision for each row execute function caliber_private.revision_trust();
alter table caliber.note enable always trigger trust;
alter table caliber.artifact_revision enable always trigger trust;

-- What was written before there was lineage, as far as its sources are there.
do $$
declare
  name text;
begin
  foreach name in array array['turn', 'artifact', 'artifact_revision', 'note'] loop
    execute format('alter table caliber.%I no force row level security', name);
  end loop;
  insert into caliber.lineage (tenant_id, derived_id, source_id, region_id)
  select distinct made.tenant_id, made.id, made.source, made.region_id
  from (
    select n.tenant_id, n.id, n.region_id, (s ->> 'id')::uuid as source
    from caliber.note n cross join jsonb_array_elements(n.sources) as s
    union all
    select n.tenant_id, n.id, n.region_id, o.id from caliber.note o
    join caliber.note n on n.tenant_id = o.tenant_id and n.id = o.superseded_by
    union all
    select r.tenant_id, r.artifact_id, r.region_id, s::uuid
    from caliber.artifact_revision r cross join jsonb_array_elements_text(r.provenance -> 'sourceTurnIds') as s
  ) as made
  where caliber_private.region_of_item(made.tenant_id, made.source) is not null;
  foreach name in array array['turn', 'artifact', 'artifact_revision', 'note'] loop
    execute format('alter table caliber.%I force row level security', name);
  end loop;
end
$$;

alter table caliber.lineage enable row level security;
alter table caliber.lineage force row level security;
create policy wall on caliber.lineage as restrictive
  using (tenant_id = (select caliber.verified_tenant())) with check (tenant_id = (select caliber.verified_tenant()));
create policy owner on caliber.lineage to caliber_owner using (true) with check (true);
create policy reads on caliber.lineage for select to caliber_app
  using (region_id = any ((select caliber.open_regions(false))::uuid[]));
grant select on caliber.lineage to caliber_app;
