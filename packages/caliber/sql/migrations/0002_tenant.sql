-- 0002 tenant: the wall, who stands inside it, and the keys they show.
--
-- Every table's key is led by tenant_id and every policy compares it with the claim. The restrictive policy is the
-- wall: no permissive policy added later can widen it.

select set_config('role', 'caliber_owner', true);

create table caliber.tenant (
  tenant_id  uuid primary key,
  name       text not null check (length(name) between 1 and 200),
  created_at timestamptz not null default clock_timestamp()
);

create table caliber.principal (
  tenant_id  uuid not null references caliber.tenant,
  id         uuid not null,
  kind       text not null check (kind in ('agent', 'user', 'key')),
  name       text not null check (length(name) between 1 and 200),
  created_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, id)
);

-- Of a key only the digest of its secret is stored: a copy of this table opens nothing.
create table caliber.api_key (
  tenant_id     uuid not null,
  id            uuid not null,
  principal_id  uuid not null,
  secret_digest bytea not null check (octet_length(secret_digest) = 32),
  rights        text[] not null,
  created_at    timestamptz not null default clock_timestamp(),
  expires_at    timestamptz,
  revoked_at    timestamptz,
  primary key (tenant_id, id),
  foreign key (tenant_id, principal_id) references caliber.principal (tenant_id, id)
);

alter table caliber.tenant enable row level security;
alter table caliber.tenant force row level security;
create policy wall on caliber.tenant as restrictive
  using (tenant_id = (select caliber.current_tenant())) with check (tenant_id = (select caliber.current_tenant()));
create policy app on caliber.tenant to caliber_app using (true) with check (true);
grant select, insert on caliber.tenant to caliber_app;

alter table caliber.principal enable row level security;
alter table caliber.principal force row level security;
create policy wall on caliber.principal as restrictive
  using (tenant_id = (select caliber.current_tenant())) with check (tenant_id = (select caliber.current_tenant()));
create policy app on caliber.principal to caliber_app using (true) with check (true);
grant select, insert on caliber.principal to caliber_app;

alter table caliber.api_key enable row level security;
alter table caliber.api_key force row level security;
create policy wall on caliber.api_key as restrictive
  using (tenant_id = (select caliber.current_tenant())) with check (tenant_id = (select caliber.current_tenant()));
create policy app on caliber.api_key to caliber_app using (true) with check (true);
grant select, insert, update (revoked_at) on caliber.api_key to caliber_app;
