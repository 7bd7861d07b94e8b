-- 0001 roles: who owns the schema, who serves requests, and how a transaction says for whom it acts.
--
-- caliber_owner owns every object and cannot log in. caliber_app serves requests, owns nothing and is subject to row
-- security. A transaction states its claims with set_config(…, true); outside it they read '' and count as absent,
-- so a statement without claims sees no row.

do $$
begin
  -- Roles belong to the cluster: another database's installer may create them at the same moment.
  begin
    create role caliber_owner nologin nosuperuser nobypassrls nocreatedb nocreaterole;
  exception when duplicate_object or unique_violation then null;
  end;
  begin
    create role caliber_app nologin nosuperuser nobypassrls nocreatedb nocreaterole noinherit;
  exception when duplicate_object or unique_violation then null;
  end;
  -- The installer acts as the owner from here on, and the server as the application role. A superuser may anyway; for
  -- others membership must be granted, even to the role's creator: since Postgres 16 that alone does not allow "set role".
  if not (select rolsuper from pg_roles where rolname = current_user) then
    execute format('grant caliber_owner, caliber_app to %I', current_user);
  end if;
end
$$;

create schema caliber authorization caliber_owner;
select set_config('role', 'caliber_owner', true);

-- Without "in schema": a default of one schema can add to the global one but not take from it.
alter default privileges revoke execute on functions from public;
grant usage on schema caliber to caliber_app;

create function caliber.current_tenant() returns uuid
language sql stable
as $$ select nullif(current_setting('caliber.tenant_id', true), '')::uuid $$;

create function caliber.current_principal() returns uuid
language sql stable
as $$ select nullif(current_setting('caliber.principal_id', true), '')::uuid $$;

-- Immutable because the encoding is named: the same text gives the same octets in every database.
create function caliber.content_digest(content text) returns bytea
language sql immutable strict parallel safe
as $$ select sha256(convert_to(content, 'UTF8')) $$;

grant execute on function caliber.current_tenant(), caliber.current_principal(), caliber.content_digest(text) to caliber_app;
