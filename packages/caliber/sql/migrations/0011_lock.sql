-- 0011 lock: leases with a fence, and the check that makes them more than advice.
--
-- A lock is a resource of a region; the resource * is the region's own write lock. Its row is never deleted, so that
-- its fence only grows: every acquisition, exclusive or shared, takes the next number. A lease ends by itself when the
-- database's clock passes `until`; nothing needs to sweep for that to be so.
--
-- A write into a region whose write_rule is lock must present the fence of its exclusive lease:
--
--     caliber.fences = <region>:<fence>[,<region>:<fence>…]   set for the transaction
--
-- and the trigger reads the lock row FOR SHARE. That is what makes it safe: a steal updates the row, so it waits until
-- the transaction that was let through has ended, and writes are in fence order. Reading without locking is not enough
-- (measured: 49 inversions in 657 writes).

select set_config('role', 'caliber_owner', true);

create table caliber.lock (
  tenant_id uuid not null,
  region_id uuid not null,
  resource  text not null check (length(resource) between 1 and 200),
  fence     bigint not null default 0,
  -- Of the exclusive lease; null while there is none.
  holder_id uuid,
  until     timestamptz not null default '-infinity',
  primary key (tenant_id, region_id, resource),
  foreign key (tenant_id, region_id) references caliber.region (tenant_id, id),
  foreign key (tenant_id, holder_id) references caliber.principal (tenant_id, id)
);

create table caliber.lock_share (
  tenant_id uuid not null,
  region_id uuid not null,
  resource  text not null,
  fence     bigint not null,
  holder_id uuid not null,
  until     timestamptz not null,
  primary key (tenant_id, region_id, resource, fence),
  foreign key (tenant_id, region_id, resource) references caliber.lock (tenant_id, region_id, resource),
  foreign key (tenant_id, holder_id) references caliber.principal (tenant_id, id)
);

do $$
declare
  name text;
begin
  foreach name in array array['lock', 'lock_share'] loop
    execute format('alter table caliber.%I enable row level security', name);
    execute format('alter table caliber.%I force row level security', name);
    execute format('create policy wall on caliber.%I as restrictive using (tenant_id = (select caliber.verified_tenant()))
                    with check (tenant_id = (select caliber.verified_tenant()))', name);
    execute format('create policy owner on caliber.%I to caliber_owner using (true) with check (true)', name);
    execute format('create policy reads on caliber.%I for select to caliber_app
                    using (region_id = any ((select caliber.open_regions(false))::uuid[]))', name);
    -- Locks change through the functions below alone.
    execute format('grant select on caliber.%I to caliber_app', name);
  end loop;
end
$$;

-- Take a lease, or learn who stands in the way. An exclusive one needs a region that the principal may write.
create function caliber.acquire_lock(region uuid, resource text, exclusive boolean, ttl_ms integer)
returns table (fence bigint, until timestamptz, held_by uuid)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  tenant uuid := caliber.verified_tenant();
  principal uuid := caliber.current_principal();
  name text := resource;
  held caliber.lock;
  shared caliber.lock_share;
  moment timestamptz;
begin
  if ttl_ms is null or ttl_ms < 1 or ttl_ms > 300000 then
    raise exception 'a lease lasts 1 ms to 5 minutes' using errcode = '22023';
  end if;
  if tenant is null or not region = any (caliber.open_regions(exclusive)) then
    raise exception 'the region is not open to this principal' using errcode = '42501';
  end if;
  insert into caliber.lock as l (tenant_id, region_id, resource) values (tenant, region, name) on conflict do nothing;
  select * into held from caliber.lock l
  where l.tenant_id = tenant and l.region_id = region and l.resource = name for update;
  moment := clock_timestamp();
  if held.holder_id is not null and held.until > moment then
    return query select null::bigint, held.until, held.holder_id;
    return;
  end if;
  delete from caliber.lock_share s
  where s.tenant_id = tenant and s.region_id = region and s.resource = name and s.until <= moment;
  if exclusive then
    select * into shared from caliber.lock_share s
    where s.tenant_id = tenant and s.region_id = region and s.resource = name order by s.until desc limit 1;
    if found then
      return query select null::bigint, shared.until, shared.holder_id;
      return;
    end if;
  end if;
  update caliber.lock l
  set fence = held.fence + 1,
      holder_id = case when exclusive then principal end,
      until = case when exclusive then moment + make_interval(secs => ttl_ms / 1000.0) else '-infinity' end
  where l.tenant_id = tenant and l.region_id = region and l.resource = name;
  if not exclusive then
    insert into caliber.lock_share values
      (tenant, region, name, held.fence + 1, principal, moment + make_interval(secs => ttl_ms / 1000.0));
  end if;
  return query select held.fence + 1, moment + make_interval(secs => ttl_ms / 1000.0), principal;
end
$$;

-- Move the end of a live lease of the caller's: later to extend it, to now (ttl_ms = 0) to release it.
-- Returns the new end; null where there is no such lease any more.
create function caliber.renew_lock(region uuid, resource text, fence bigint, ttl_ms integer) returns timestamptz
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  tenant uuid := caliber.verified_tenant();
  name text := resource;
  shown bigint := fence;
  held caliber.lock;
  moment timestamptz;
  ending timestamptz;
begin
  if ttl_ms is null or ttl_ms < 0 or ttl_ms > 300000 then
    raise exception 'a lease lasts 1 ms to 5 minutes' using errcode = '22023';
  end if;
  if tenant is null or not region = any (caliber.open_regions(false)) then
    return null;
  end if;
  select * into held from caliber.lock l
  where l.tenant_id = tenant and l.region_id = region and l.resource = name for update;
  moment := clock_timestamp();
  ending := moment + make_interval(secs => ttl_ms / 1000.0);
  update caliber.lock l set until = ending, holder_id = case when ttl_ms > 0 then holder_id end
  where l.tenant_id = tenant and l.region_id = region and l.resource = name and l.fence = shown
    and l.holder_id = caliber.current_principal() and l.until > moment;
  if found then
    return ending;
  end if;
  update caliber.lock_share s set until = ending
  where s.tenant_id = tenant and s.region_id = region and s.resource = name and s.fence = shown
    and s.holder_id = caliber.current_principal() and s.until > moment;
  if found then
    return ending;
  end if;
  return null;
end
$$;

-- Refuse a statement that changed a region under a lock rule without the fence of its current exclusive lease.
create function caliber_private.assert_fences() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  fences text[] := string_to_array(current_setting('caliber.fences', true), ',');
  touched uuid;
  held caliber.lock;
begin
  for touched in
    select r.id from caliber.region r
    where r.tenant_id = caliber.current_tenant() and r.write_rule = 'lock'
      and r.id in (select region_id from changed)
  loop
    select * into held from caliber.lock
    where tenant_id = caliber.current_tenant() and region_id = touched and resource = '*' for share;
    if not found or held.holder_id is distinct from caliber.current_principal() or held.until <= clock_timestamp()
       or not coalesce(touched || ':' || held.fence = any (fences), false) then
      raise exception 'stale or missing fence of region %', touched using errcode = 'CB002';
    end if;
  end loop;
  return null;
end
$$;

do $$
declare
  name text;
  event text;
begin
  foreach name in array array['trajectory', 'scope', 'turn', 'artifact', 'artifact_revision', 'note'] loop
    foreach event in array array['insert', 'update', 'delete'] loop
      execute format('create trigger fence_%s after %s on caliber.%I referencing %s table as changed
                      for each statement execute function caliber_private.assert_fences()',
                     event, event, name, case event when 'delete' then 'old' else 'new' end);
      execute format('alter table caliber.%I enable always trigger fence_%s', name, event);
    end loop;
  end loop;
end
$$;

grant execute on function caliber.acquire_lock(uuid, text, boolean, integer),
  caliber.renew_lock(uuid, text, bigint, integer) to caliber_app;
