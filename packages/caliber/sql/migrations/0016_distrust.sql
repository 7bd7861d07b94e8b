-- 0016 distrust: a source is taken back, and everything derived from it is set aside until it is restored.
--
-- A distrust names an item, an imported transcript or a principal. caliber.quarantine has a row for every item that it
-- reaches over lineage, and triggers add those that come later: what the source still says, and what is derived from
-- what is set aside, are in quarantine from birth. Restoring takes the rows of that distrust away and no others.

select set_config('role', 'caliber_owner', true);

create table caliber.distrust (
  tenant_id    uuid not null references caliber.tenant,
  id           uuid not null,
  item_id      uuid,
  -- As caliber.forgotten_name() says it: the name of a transcript may have to be forgotten.
  source_name  text check (source_name ~ '^forgotten:[0-9a-f]{64}$'),
  principal_id uuid,
  reason       text not null check (length(reason) between 1 and 2000),
  revoked_by   uuid not null,
  revoked_at   timestamptz not null default clock_timestamp(),
  primary key (tenant_id, id),
  check (num_nonnulls(item_id, source_name, principal_id) = 1),
  foreign key (tenant_id, principal_id) references caliber.principal (tenant_id, id),
  foreign key (tenant_id, revoked_by) references caliber.principal (tenant_id, id)
);

create table caliber.quarantine (
  tenant_id   uuid not null,
  item_id     uuid not null,
  distrust_id uuid not null,
  region_id   uuid not null,
  primary key (tenant_id, item_id, distrust_id),
  foreign key (tenant_id, distrust_id) references caliber.distrust (tenant_id, id),
  foreign key (tenant_id, region_id) references caliber.region (tenant_id, id)
);
create index quarantine_distrust on caliber.quarantine (tenant_id, distrust_id);

do $$
declare
  name text;
begin
  foreach name in array array['distrust', 'quarantine'] loop
    execute format('alter table caliber.%I enable row level security', name);
    execute format('alter table caliber.%I force row level security', name);
    execute format('create policy wall on caliber.%I as restrictive using (tenant_id = (select caliber.verified_tenant()))
                    with check (tenant_id = (select caliber.verified_tenant()))', name);
    execute format('create policy owner on caliber.%I to caliber_owner using (true) with check (true)', name);
    execute format('grant select on caliber.%I to caliber_app', name);
  end loop;
end
$$;
create policy reads on caliber.quarantine for select to caliber_app
  using (region_id = any ((select caliber.open_regions(false))::uuid[]));
-- Whoever sees that something is set aside sees why.
create policy reads on caliber.distrust for select to caliber_app
  using ((select caliber.current_reach()) = 'all'
         or exists (select from caliber.quarantine q where q.tenant_id = distrust.tenant_id and q.distrust_id = distrust.id));

-- Set items aside, and all that is derived from them.
create function caliber_private.set_aside(tenant uuid, distrust uuid, chosen uuid[]) returns void
language sql volatile
as $$
  with recursive walk (item) as (
    select unnest(chosen)
    union
    select l.derived_id from walk join caliber.lineage l on l.tenant_id = tenant and l.source_id = walk.item
  )
  insert into caliber.quarantine (tenant_id, item_id, distrust_id, region_id)
  select tenant, walk.item, distrust, place.region_id
  from walk cross join lateral (select caliber_private.region_of_item(tenant, walk.item)) as place (region_id)
  where place.region_id is not null
  on conflict do nothing
$$;

-- Distrust an item, a transcript or a principal. For work that reaches the whole tenant: so does what is derived.
create function caliber.distrust_source(id uuid, item uuid, source text, principal uuid, reason text)
returns table (region_id uuid, items bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  tenant uuid := caliber.verified_tenant();
  named text := caliber.forgotten_name(source);
  distrust uuid := id;
begin
  if tenant is null or caliber.current_reach() is distinct from 'all' then
    raise exception 'only work that reaches the whole tenant takes a source back' using errcode = '42501';
  end if;
  perform pg_advisory_xact_lock(caliber_private.lineage_lock(tenant));
  insert into caliber.distrust values (tenant, distrust, item, named, principal, reason, caliber.current_principal());
  perform caliber_private.set_aside(tenant, distrust, array(
    select item where item is not null
    union
    select t.id from caliber.trajectory g join caliber.scope s on s.tenant_id = tenant and s.trajectory_id = g.id
    join caliber.turn t on t.tenant_id = tenant and t.scope_id = s.id
    where g.tenant_id = tenant and caliber.forgotten_name(g.source_key) = named
    union
    select a.id from caliber.trajectory g join caliber.artifact a on a.tenant_id = tenant and a.trajectory_id = g.id
    where g.tenant_id = tenant and caliber.forgotten_name(g.source_key) = named
    union
    select n.id from caliber.trajectory g join caliber.note n on n.tenant_id = tenant and n.trajectory_id = g.id
    where g.tenant_id = tenant and caliber.forgotten_name(g.source_key) = named
    union
    select t.id from caliber.event e
    join caliber.turn t on t.tenant_id = tenant and t.scope_id = e.subject_id
     and t.sequence >= (e.data ->> 'firstSequence')::integer
     and t.sequence < (e.data ->> 'firstSequence')::integer + (e.data ->> 'count')::integer
    where e.tenant_id = tenant and e.kind = 'turns.appended' and e.principal_id = principal
    union
    select r.artifact_id from caliber.artifact_revision r where r.tenant_id = tenant and r.created_by = principal
    union
    select n.id from caliber.note n where n.tenant_id = tenant and n.recorded_by = principal));
  return query
    select q.region_id, count(*) from caliber.quarantine q
    where q.tenant_id = tenant and q.distrust_id = distrust group by q.region_id;
end
$$;

-- Take a distrust back: what it alone had set aside is there again.
create function caliber.trust_again(id uuid) returns table (region_id uuid, items bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  tenant uuid := caliber.verified_tenant();
  distrust uuid := id;
begin
  if tenant is null or caliber.current_reach() is distinct from 'all' then
    raise exception 'only work that reaches the whole tenant restores a source' using errcode = '42501';
  end if;
  perform pg_advisory_xact_lock(caliber_private.lineage_lock(tenant));
  return query
    with lifted as (delete from caliber.quarantine q where q.tenant_id = tenant and q.distrust_id = distrust returning q.region_id)
    select lifted.region_id, count(*) from lifted group by lifted.region_id;
  delete from caliber.distrust d where d.tenant_id = tenant and d.id = distrust;
end
$$;

-- What is derived from something that is set aside is set aside with it.
create function caliber_private.inherit_quarantine() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  tainted record;
begin
  for tainted in
    select a.tenant_id, q.distrust_id, array_agg(a.derived_id) as items
    from added a join caliber.quarantine q on q.tenant_id = a.tenant_id and q.item_id = a.source_id group by 1, 2
  loop
    perform caliber_private.set_aside(tainted.tenant_id, tainted.distrust_id, tainted.items);
  end loop;
  return null;
end
$$;
create trigger inherit_quarantine after insert on caliber.lineage referencing new table as added
  for each statement execute function caliber_private.inherit_quarantine();
alter table caliber.lineage enable always trigger inherit_quarantine;

-- What a distrusted transcript or principal brings is set aside from birth.
create function caliber_private.quarantine_at_birth() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  tenant uuid := caliber.current_tenant();
  distrust caliber.distrust;
  born uuid[];
begin
  perform pg_advisory_xact_lock_shared(caliber_private.lineage_lock(tenant));
  for distrust in select * from caliber.distrust d where d.tenant_id = tenant and d.item_id is null loop
    case tg_table_name
      when 'turn' then
        born := array(
          select a.id from added a
          join caliber.scope s on s.tenant_id = a.tenant_id and s.id = a.scope_id
          join caliber.trajectory g on g.tenant_id = s.tenant_id and g.id = s.trajectory_id
          where distrust.principal_id = caliber.current_principal()
             or caliber.forgotten_name(g.source_key) = distrust.source_name);
      when 'artifact_revision' then
        born := array(
          select a.artifact_id from added a
          join caliber.artifact f on f.tenant_id = a.tenant_id and f.id = a.artifact_id
          join caliber.trajectory g on g.tenant_id = f.tenant_id and g.id = f.trajectory_id
          where distrust.principal_id = a.created_by or caliber.forgotten_name(g.source_key) = distrust.source_name);
      else
        born := array(
          select a.id from added a
          left join caliber.trajectory g on g.tenant_id = a.tenant_id and g.id = a.trajectory_id
          where distrust.principal_id = a.recorded_by or caliber.forgotten_name(g.source_key) = distrust.source_name);
    end case;
    perform caliber_private.set_aside(tenant, distrust.id, born);
  end loop;
  return null;
end
$$;

-- What is forgotten is not set aside any more, nor named as distrusted.
create function caliber_private.lift_erased() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  delete from caliber.quarantine q using added a where q.tenant_id = a.tenant_id and q.item_id = any (a.erased);
  delete from caliber.quarantine q using added a, caliber.distrust d
  where d.tenant_id = a.tenant_id and d.item_id = any (a.erased) and q.tenant_id = d.tenant_id and q.distrust_id = d.id;
  delete from caliber.distrust d using added a where d.tenant_id = a.tenant_id and d.item_id = any (a.erased);
  return null;
end
$$;
create trigger lift_erased after insert on caliber.erasure referencing new table as added
  for each statement execute function caliber_private.lift_erased();
alter table caliber.erasure enable always trigger lift_erased;

do $$
declare
  name text;
begin
  foreach name in array array['turn', 'artifact_revision', 'note'] loop
    execute format('create trigger quarantine after insert on caliber.%I referencing new table as added
                    for each statement execute function caliber_private.quarantine_at_birth()', name);
    execute format('alter table caliber.%I enable always trigger quarantine', name);
  end loop;
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
      if kind in ('memory.revoked', 'memory.restored') then
        return caliber.current_reach() = 'all';
      end if;
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

grant execute on function caliber.distrust_source(uuid, uuid, text, uuid, text), caliber.trust_again(uuid) to caliber_app;
