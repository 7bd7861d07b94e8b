-- 0009 principal: rights, identities and keys of principals; the tenants that there are.
--
-- A principal's rights bound those of its keys, a key's bound those of the keys made from it, and neither outlives
-- what it came from: a credential only ever narrows. An identity is how a principal is known to an issuer of tokens.

select set_config('role', 'caliber_owner', true);

alter table caliber.tenant no force row level security;
alter table caliber.tenant
  add column suspended_at timestamptz,
  add column max_items bigint check (max_items >= 0),
  add column max_bytes bigint check (max_bytes >= 0);

alter table caliber.principal no force row level security;
alter table caliber.principal
  add column rights text[] not null default '{read,write,admin}',
  add column disabled_at timestamptz;
alter table caliber.principal alter column rights drop default;
alter table caliber.principal drop constraint principal_kind_check;
alter table caliber.principal add constraint principal_kind_check check (kind in ('agent', 'user', 'key', 'operator'));
grant update (rights, disabled_at) on caliber.principal to caliber_app;
create policy adds on caliber.principal as restrictive for insert to caliber_app
  with check ((select caliber.current_reach()) = 'all');
create policy changes on caliber.principal as restrictive for update to caliber_app
  using ((select caliber.current_reach()) = 'all');

-- What an operator does to a tenant is done by this principal of the tenant, whose id is the tenant's.
insert into caliber.principal (tenant_id, id, kind, name, rights)
select tenant_id, tenant_id, 'operator', 'operator', '{}' from caliber.tenant;

alter table caliber.principal force row level security;

alter table caliber.api_key
  add column name text check (length(name) between 1 and 200),
  add column parent_id uuid,
  add column regions uuid[] check (cardinality(regions) between 1 and 16),
  add constraint api_key_parent_fkey foreign key (tenant_id, parent_id) references caliber.api_key (tenant_id, id);
create index api_key_parent on caliber.api_key (tenant_id, parent_id) where parent_id is not null;
grant update (expires_at) on caliber.api_key to caliber_app;

-- A key is seen while it is being checked and by work that reaches the whole tenant, and by nobody else.
drop policy app on caliber.api_key;
create policy own on caliber.api_key for select to caliber_app
  using (id = (select caliber.current_principal()) or (select caliber.current_reach()) = 'all');
create policy adds on caliber.api_key for insert to caliber_app with check ((select caliber.current_reach()) = 'all');
create policy changes on caliber.api_key for update to caliber_app using ((select caliber.current_reach()) = 'all');

create table caliber.identity (
  tenant_id    uuid not null references caliber.tenant,
  issuer       text not null check (length(issuer) between 1 and 500),
  subject      text not null check (length(subject) between 1 and 500),
  principal_id uuid not null,
  created_at   timestamptz not null default clock_timestamp(),
  primary key (tenant_id, issuer, subject),
  foreign key (tenant_id, principal_id) references caliber.principal (tenant_id, id)
);
alter table caliber.identity enable row level security;
alter table caliber.identity force row level security;
create policy wall on caliber.identity as restrictive
  using (tenant_id = (select caliber.verified_tenant())) with check (tenant_id = (select caliber.verified_tenant()));
create policy app on caliber.identity to caliber_app
  using ((select caliber.current_reach()) = 'all') with check ((select caliber.current_reach()) = 'all');
grant select, insert, delete on caliber.identity to caliber_app;

-- An answer that was kept belongs to whoever asked, and to no narrower credential of the same principal.
alter table caliber.idempotency add column reach text not null default caliber.current_reach();
drop policy app on caliber.idempotency;
create policy own on caliber.idempotency to caliber_app
  using (principal_id = (select caliber.current_principal()) and reach = (select caliber.current_reach())
         or (select caliber.current_reach()) = 'all')
  with check (principal_id = (select caliber.current_principal()));

-- The ids of all tenants, for work that visits each in its own name. Behind no wall, so behind functions only.
create table caliber_private.tenant_registry (
  tenant_id uuid primary key
);
insert into caliber_private.tenant_registry select tenant_id from caliber.tenant;
alter table caliber.tenant force row level security;

create function caliber_private.register_tenant() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  insert into caliber_private.tenant_registry values (new.tenant_id);
  return null;
end
$$;
create trigger register after insert on caliber.tenant for each row execute function caliber_private.register_tenant();
alter table caliber.tenant enable always trigger register;

-- Tenants in order of their ids. For a session of the operator, whose id is the tenant's.
create function caliber.tenant_ids(after uuid, at_most integer) returns setof uuid
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if caliber.verified_tenant() is null or caliber.current_principal() is distinct from caliber.current_tenant()
     or caliber.current_reach() is distinct from 'all' then
    raise exception 'only an operator lists tenants' using errcode = '42501';
  end if;
  return query select tenant_id from caliber_private.tenant_registry
    where after is null or tenant_id > after order by tenant_id limit at_most;
end
$$;

-- What a monitor may know of a database: how much there is, nothing of what it says.
create function caliber.metrics() returns table (tenants bigint, database_bytes bigint, sessions bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select (select count(*) from caliber_private.tenant_registry), pg_database_size(current_database()),
         (select count(*) from pg_stat_activity where datname = current_database())
$$;

-- A tenant's limits and standing are set in its own name, by work that reaches all of it.
create policy limits on caliber.tenant as restrictive for update to caliber_app
  using ((select caliber.current_reach()) = 'all');
grant update (suspended_at, max_items, max_bytes) on caliber.tenant to caliber_app;

grant execute on function caliber.tenant_ids(uuid, integer) to caliber_app;
grant execute on function caliber.metrics() to caliber_metrics;
