-- 0008 claims: a transaction proves for whom it acts.
--
-- Whoever can run SQL can call set_config, so a plain setting proves nothing. The server signs its claims with a key
-- that the application role cannot read (HMAC-SHA-256, RFC 2104, built from sha256() because no extension is required)
-- and states them as one transaction-local setting:
--
--     caliber.claims = <tenant>.<principal>.<reach>.<expiry, epoch seconds>.<key id>.<MAC over all that stands before, hex>
--
-- reach narrows or widens the regions that the principal sees: '' its own, 'all' every region of the tenant (work of
-- the server itself: folding the log, sweeping, verifying), else ids of regions separated by commas.
--
-- The wall of every table compares tenant_id with verified_tenant(), which checks the MAC and raises when it is wrong.
-- The other functions read the same setting without checking: a row that they let pass must pass the wall as well.

do $$
declare
  name text;
begin
  -- caliber_auditor reads the log and the regions of a tenant; caliber_metrics counts without reading.
  foreach name in array array['caliber_auditor', 'caliber_metrics'] loop
    begin
      execute format('create role %I nologin nosuperuser nobypassrls nocreatedb nocreaterole noinherit', name);
    exception when duplicate_object or unique_violation then null;
    end;
  end loop;
end
$$;

-- A role that serves and does not install must see that the schema is up to date.
grant usage on schema caliber_schema to caliber_app;
grant select on caliber_schema.migration to caliber_app;

create schema caliber_private authorization caliber_owner;
select set_config('role', 'caliber_owner', true);

-- What nobody but functions of the owner may touch.
create table caliber_private.claim_key (
  id           text primary key check (id ~ '^[0-9a-f]{16}$'),
  -- The key combined with the two pads of HMAC, so that verifying takes two hashes and nothing else.
  inner_pad    bytea not null check (octet_length(inner_pad) = 64),
  outer_pad    bytea not null check (octet_length(outer_pad) = 64),
  installed_at timestamptz not null default clock_timestamp()
);

create or replace function caliber.current_tenant() returns uuid
language sql stable
as $$ select nullif(split_part(current_setting('caliber.claims', true), '.', 1), '')::uuid $$;

create or replace function caliber.current_principal() returns uuid
language sql stable
as $$ select nullif(split_part(current_setting('caliber.claims', true), '.', 2), '')::uuid $$;

create function caliber.current_reach() returns text
language sql stable
as $$ select split_part(current_setting('caliber.claims', true), '.', 3) $$;

create function caliber.verified_tenant() returns uuid
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  said text := current_setting('caliber.claims', true);
  part text[];
  held caliber_private.claim_key;
begin
  if said is null or said = '' then
    return null;
  end if;
  part := string_to_array(said, '.');
  select * into held from caliber_private.claim_key where id = part[5];
  if not found or array_length(part, 1) <> 6 or octet_length(part[6]) <> 64
     or sha256(held.outer_pad || sha256(held.inner_pad || convert_to(left(said, -65), 'UTF8')))
        is distinct from decode(part[6], 'hex') then
    raise exception 'the claims are not signed by a known key' using errcode = 'CB001';
  end if;
  if part[4]::bigint < extract(epoch from clock_timestamp()) then
    raise exception 'the claims have expired' using errcode = 'CB001';
  end if;
  return part[1]::uuid;
end
$$;

do $$
declare
  name text;
begin
  for name in select tablename from pg_policies where schemaname = 'caliber' and policyname = 'wall' order by 1 loop
    execute format('alter policy wall on caliber.%I using (tenant_id = (select caliber.verified_tenant()))
                    with check (tenant_id = (select caliber.verified_tenant()))', name);
  end loop;
end
$$;

-- Definer functions of the owner must pass the wall like everybody else.
create policy owner on caliber.tenant to caliber_owner using (true) with check (true);
create policy owner on caliber.principal to caliber_owner using (true) with check (true);

grant usage on schema caliber to caliber_auditor, caliber_metrics;
grant execute on function caliber.current_tenant(), caliber.current_principal(), caliber.current_reach(),
  caliber.verified_tenant() to caliber_app, caliber_auditor;
