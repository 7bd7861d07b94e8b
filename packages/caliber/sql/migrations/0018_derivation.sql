-- 0018 derivation: what a model made of items, kept so that no restart and no second process asks it again.
--
-- One row per derived value, under an id that says what it is (a summary of which turns, say); its action is the digest of
-- how it was made: version, model, inputs. A row whose action is another than the asker's is out of date and is
-- replaced. Whoever wants to make a value claims it first: of several processes one asks the model, and what it made is
-- published once, under its fence; whoever slept through its claim publishes nothing.
--
-- A value has lineage like an item: its sources are items and other values. Forgetting takes what reaches over it along.
-- A value says much of what its sources said, and they may lie in any region: only work of the server itself, which
-- reaches all of them, looks here.

select set_config('role', 'caliber_owner', true);

create table caliber.derivation (
  tenant_id    uuid not null references caliber.tenant,
  id           uuid not null,
  region_id    uuid not null,
  -- A summary of its own, or one that was made for a window.
  kind         text not null check (kind in ('summary', 'window')),
  action       bytea not null check (octet_length(action) = 32),
  status       text not null check (status in ('pending', 'ready')),
  fence        bigint not null check (fence > 0),
  leased_until timestamptz not null,
  output       text check (length(output) <= 100000),
  model        text check (length(model) between 1 and 300),
  -- What it cost, as the model counted: 0 where it did not say.
  input_tokens  integer not null default 0 check (input_tokens >= 0),
  output_tokens integer not null default 0 check (output_tokens >= 0),
  made_at      timestamptz,
  primary key (tenant_id, id),
  foreign key (tenant_id, region_id) references caliber.region (tenant_id, id),
  check ((status = 'ready') = (output is not null and model is not null and made_at is not null))
);

-- No claim gets a fence that another had, not even one of a row that has gone since.
create sequence caliber_private.derivation_fence;

alter table caliber.derivation enable row level security;
alter table caliber.derivation force row level security;
create policy wall on caliber.derivation as restrictive
  using (tenant_id = (select caliber.verified_tenant())) with check (tenant_id = (select caliber.verified_tenant()));
create policy owner on caliber.derivation to caliber_owner using (true) with check (true);
create policy reads on caliber.derivation for select to caliber_app using ((select caliber.current_reach()) = 'all');
grant select on caliber.derivation to caliber_app;

create function caliber_private.assert_whole_reach() returns uuid
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  tenant uuid := caliber.verified_tenant();
begin
  if tenant is null or caliber.current_reach() is distinct from 'all' then
    raise exception 'only work that reaches the whole tenant derives values' using errcode = '42501';
  end if;
  return tenant;
end
$$;

-- Claim the making of a value for a while. Null while somebody else has claimed it, or where it is made already.
create function caliber.claim_derivation(id uuid, region uuid, kind text, action bytea, lease_ms integer) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  tenant uuid := caliber_private.assert_whole_reach();
  granted bigint;
begin
  insert into caliber.derivation as d (tenant_id, id, region_id, kind, action, status, fence, leased_until)
  values (tenant, claim_derivation.id, region, claim_derivation.kind, claim_derivation.action, 'pending',
          nextval('caliber_private.derivation_fence'),
          clock_timestamp() + make_interval(secs => least(lease_ms, 600000) / 1000.0))
  on conflict (tenant_id, id) do update
    set action = excluded.action, status = 'pending', fence = excluded.fence, leased_until = excluded.leased_until,
        output = null, model = null, made_at = null
    where d.action <> excluded.action or d.status = 'pending' and d.leased_until < clock_timestamp()
  returning fence into granted;
  return granted;
end
$$;

-- Give a claim back without a value.
create function caliber.release_derivation(id uuid, fence bigint) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  tenant uuid := caliber_private.assert_whole_reach();
begin
  update caliber.derivation d set leased_until = clock_timestamp() - interval '1 second'
  where d.tenant_id = tenant and d.id = release_derivation.id and d.fence = release_derivation.fence and d.status = 'pending';
end
$$;

-- Drop the values among some ids, and those that were made of any of them.
create function caliber_private.drop_derivations(tenant uuid, chosen uuid[]) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  reached uuid[] := array(
    with recursive walk (value) as (
      select unnest(chosen)
      union
      select l.derived_id from walk join caliber.lineage l on l.tenant_id = tenant and l.source_id = walk.value
    )
    select walk.value from walk);
begin
  delete from caliber.lineage l using caliber.derivation d
  where l.tenant_id = tenant and d.tenant_id = tenant and d.id = any (reached) and l.derived_id = d.id;
  delete from caliber.derivation d where d.tenant_id = tenant and d.id = any (reached);
end
$$;

-- Publish a value under its claim. False, and nothing is kept, when somebody else has claimed it since, or a source is gone or, as
-- a value, was made otherwise than it says: what the text says would not be what its lineage leads to.
create function caliber.publish_derivation(id uuid, fence bigint, output text, model text, input_tokens integer,
                                           output_tokens integer, sources uuid[], actions text[]) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  tenant uuid := caliber_private.assert_whole_reach();
  home uuid;
begin
  perform pg_advisory_xact_lock_shared(caliber_private.lineage_lock(tenant));
  select d.region_id into home from caliber.derivation d
  where d.tenant_id = tenant and d.id = publish_derivation.id and d.fence = publish_derivation.fence and d.status = 'pending'
  for update;
  if home is null or exists (
    select from unnest(sources, actions) as s (id, action)
    where case s.action when '' then caliber_private.region_of_item(tenant, s.id) is null else not exists (
        select from caliber.derivation d
        where d.tenant_id = tenant and d.id = s.id and d.status = 'ready' and d.action = decode(s.action, 'hex')) end) then
    return false;
  end if;
  update caliber.derivation d
  set status = 'ready', output = publish_derivation.output, model = publish_derivation.model, made_at = clock_timestamp(),
      input_tokens = publish_derivation.input_tokens, output_tokens = publish_derivation.output_tokens
  where d.tenant_id = tenant and d.id = publish_derivation.id;
  -- What was made of it while it said more goes: lineage would not lead there any more.
  if exists (select from caliber.lineage l
             where l.tenant_id = tenant and l.derived_id = publish_derivation.id and not l.source_id = any (sources)) then
    perform caliber_private.drop_derivations(tenant, array(
      select l.derived_id from caliber.lineage l where l.tenant_id = tenant and l.source_id = publish_derivation.id));
  end if;
  delete from caliber.lineage l where l.tenant_id = tenant and l.derived_id = publish_derivation.id;
  insert into caliber.lineage (tenant_id, derived_id, source_id, region_id)
  select distinct tenant, publish_derivation.id, s.id, home from unnest(sources) as s (id);
  return true;
end
$$;

-- What was made of what is forgotten is forgotten with it. Runs before the lineage of the items goes.
create function caliber_private.erase_derivations() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform caliber_private.drop_derivations(caliber.verified_tenant(), array(select unnest(a.erased) from added a));
  return null;
end
$$;
create trigger erase_derivations after insert on caliber.erasure referencing new table as added
  for each statement execute function caliber_private.erase_derivations();
alter table caliber.erasure enable always trigger erase_derivations;

grant execute on function caliber.claim_derivation(uuid, uuid, text, bytea, integer),
  caliber.release_derivation(uuid, bigint),
  caliber.publish_derivation(uuid, bigint, text, text, integer, integer, uuid[], text[]) to caliber_app;
