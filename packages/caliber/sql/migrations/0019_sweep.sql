-- 0019 sweep: what nobody asks for any more can be told, so that what is kept stays bounded.
--
-- Vectors and summaries are kept so that no model is asked twice. Their number is bounded by what they stand for: a node of
-- a summary tree has one row, which the next one to ask replaces when it is out of date, and a text has one vector per
-- model. What remains is what nobody asks for: vectors of texts that have ended, and what models made that no process
-- uses any more. Of those that use one, each says so when it sweeps.

select set_config('role', 'caliber_owner', true);

-- The models whose vectors or summaries are kept, and when a process that sweeps used each last.
create table caliber.model_use (
  tenant_id uuid not null references caliber.tenant,
  kind      text not null check (kind in ('embedding', 'summary')),
  -- As its vectors or summaries name it.
  model     text not null check (length(model) between 1 and 300),
  used_at   timestamptz not null default clock_timestamp(),
  primary key (tenant_id, kind, model)
);

alter table caliber.model_use enable row level security;
alter table caliber.model_use force row level security;
create policy wall on caliber.model_use as restrictive
  using (tenant_id = (select caliber.verified_tenant())) with check (tenant_id = (select caliber.verified_tenant()));
create policy owner on caliber.model_use for select to caliber_owner using (true);
create policy app on caliber.model_use to caliber_app
  using ((select caliber.current_reach()) = 'all') with check ((select caliber.current_reach()) = 'all');
grant select, insert, update (used_at) on caliber.model_use to caliber_app;

grant delete on caliber.embedding to caliber_app;

-- When a note was superseded or retracted. Those that ended before there was this count from now.
alter table caliber.note no force row level security;
alter table caliber.note add column ended_at timestamptz;
update caliber.note set ended_at = clock_timestamp() where status <> 'live';
alter table caliber.note add constraint note_end check ((status = 'live') = (ended_at is null));
alter table caliber.note force row level security;
create index note_ended on caliber.note (tenant_id, ended_at) where ended_at is not null;
grant update (ended_at) on caliber.note to caliber_app;

-- Drop values that nobody can ask for, at most so many: made by a model that was last in use before a moment, made of what
-- was set aside before it, or claimed before it and never made; and those made for windows that are no longer kept. Nothing that another value was made of goes before that one:
-- forgetting could not reach it any more. So it takes as many calls as a tree has levels, and one that drops none.
create function caliber.sweep_derivations(before timestamptz, windows_before timestamptz, at_most integer) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  tenant uuid := caliber_private.assert_whole_reach();
  unreachable uuid[];
begin
  -- Whoever publishes a value holds it shared: nothing is made of what is being dropped.
  perform pg_advisory_xact_lock(caliber_private.lineage_lock(tenant));
  unreachable := array(
    with recursive aside (id) as (
      select q.item_id from caliber.quarantine q join caliber.distrust d on d.tenant_id = tenant and d.id = q.distrust_id
      where q.tenant_id = tenant and d.revoked_at < before
      union
      select l.derived_id from aside join caliber.lineage l on l.tenant_id = tenant and l.source_id = aside.id
    )
    select d.id from caliber.derivation d
    where d.tenant_id = tenant
      and case d.status when 'pending' then d.leased_until < before
          else d.kind = 'window' and d.made_at < windows_before
               or d.made_at < before
                  and (d.id in (select aside.id from aside)
                       or not exists (select from caliber.model_use u
                                      where u.tenant_id = tenant and u.kind = 'summary' and u.model = d.model
                                        and u.used_at >= before)) end
      and not exists (select from caliber.lineage l where l.tenant_id = tenant and l.source_id = d.id)
    limit at_most);
  perform caliber_private.drop_derivations(tenant, unreachable);
  return cardinality(unreachable);
end
$$;

grant execute on function caliber.sweep_derivations(timestamptz, timestamptz, integer) to caliber_app;
