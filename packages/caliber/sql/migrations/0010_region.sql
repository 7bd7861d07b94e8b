-- 0010 region: who may read and write what, decided by the database.
--
-- Every item lives in one region, and with it everything of the trajectory that it belongs to. By kind:
--
--     kind           reads                 writes
--     private        owner                 owner
--     team           owner and grants      owner and write grants
--     public         everybody             owner and write grants
--     collaborative  everybody             everybody, under the region's lock where write_rule says so
--
-- "Everybody" is every principal of the tenant. A write grant includes reading. Each tenant has a region named common,
-- collaborative and free, whose id is the tenant's: what names no region lives there.

select set_config('role', 'caliber_owner', true);

create table caliber.region (
  tenant_id  uuid not null references caliber.tenant,
  id         uuid not null,
  name       text not null check (length(name) between 1 and 200),
  kind       text not null check (kind in ('private', 'team', 'public', 'collaborative')),
  write_rule text not null check (write_rule in ('free', 'lock')),
  owner_id   uuid,
  created_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, id),
  check (owner_id is not null or kind = 'collaborative'),
  foreign key (tenant_id, owner_id) references caliber.principal (tenant_id, id)
);

create table caliber.region_grant (
  tenant_id    uuid not null,
  region_id    uuid not null,
  principal_id uuid not null,
  access       text not null check (access in ('read', 'write')),
  created_at   timestamptz not null default clock_timestamp(),
  primary key (tenant_id, region_id, principal_id),
  foreign key (tenant_id, region_id) references caliber.region (tenant_id, id),
  foreign key (tenant_id, principal_id) references caliber.principal (tenant_id, id)
);
create index region_grant_principal on caliber.region_grant (tenant_id, principal_id);

-- The regions that the claims allow for. Policies call it as an uncorrelated subquery: once per statement, not per row.
create function caliber.open_regions(writing boolean) returns uuid[]
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  tenant uuid := caliber.current_tenant();
  principal uuid := caliber.current_principal();
  reach text := caliber.current_reach();
begin
  return array(
    select r.id from caliber.region r
    where r.tenant_id = tenant
      and (reach = 'all'
           or (reach = '' or r.id::text = any (string_to_array(reach, ',')))
              and (r.kind = 'collaborative' or r.owner_id = principal or r.kind = 'public' and not writing
                   or r.kind <> 'private'
                      and exists (select from caliber.region_grant g
                                  where g.tenant_id = tenant and g.region_id = r.id and g.principal_id = principal
                                    and (g.access = 'write' or not writing)))));
end
$$;

alter table caliber.region enable row level security;
alter table caliber.region force row level security;
create policy wall on caliber.region as restrictive
  using (tenant_id = (select caliber.verified_tenant())) with check (tenant_id = (select caliber.verified_tenant()));
create policy owner on caliber.region to caliber_owner using (true) with check (true);
-- A region that is being made is its owner's to see before open_regions knows it; a narrowed credential makes none.
create policy reads on caliber.region for select to caliber_app
  using (owner_id = (select caliber.current_principal()) and (select caliber.current_reach()) in ('', 'all')
         or id = any ((select caliber.open_regions(false))::uuid[]));
create policy adds on caliber.region for insert to caliber_app
  with check (owner_id = (select caliber.current_principal()) and (select caliber.current_reach()) = ''
              or (select caliber.current_reach()) = 'all');
grant select, insert on caliber.region to caliber_app;

-- Grants are given and taken by work that reaches the whole tenant; its operation checks who asks.
alter table caliber.region_grant enable row level security;
alter table caliber.region_grant force row level security;
create policy wall on caliber.region_grant as restrictive
  using (tenant_id = (select caliber.verified_tenant())) with check (tenant_id = (select caliber.verified_tenant()));
create policy owner on caliber.region_grant to caliber_owner using (true) with check (true);
create policy app on caliber.region_grant to caliber_app
  using ((select caliber.current_reach()) = 'all') with check ((select caliber.current_reach()) = 'all');
grant select, insert, update (access), delete on caliber.region_grant to caliber_app;

do $$
declare
  name text;
begin
  alter table caliber.tenant no force row level security;
  alter table caliber.region no force row level security;
  insert into caliber.region (tenant_id, id, name, kind, write_rule)
  select tenant_id, tenant_id, 'common', 'collaborative', 'free' from caliber.tenant;
  alter table caliber.region force row level security;
  alter table caliber.tenant force row level security;

  foreach name in array array['trajectory', 'scope', 'turn', 'artifact', 'artifact_revision', 'note'] loop
    execute format('alter table caliber.%I no force row level security', name);
    execute format('alter table caliber.%I add column region_id uuid', name);
    execute format('update caliber.%I set region_id = tenant_id', name);
    execute format('alter table caliber.%I alter column region_id set not null', name);
    execute format('alter table caliber.%I force row level security', name);
    execute format('create policy owner on caliber.%I to caliber_owner using (true) with check (true)', name);
    execute format('drop policy app on caliber.%I', name);
    execute format('create policy reads on caliber.%I for select to caliber_app
                    using (region_id = any ((select caliber.open_regions(false))::uuid[]))', name);
    execute format('create policy adds on caliber.%I for insert to caliber_app
                    with check (region_id = any ((select caliber.open_regions(true))::uuid[]))', name);
    execute format('create policy changes on caliber.%I for update to caliber_app
                    using (region_id = any ((select caliber.open_regions(true))::uuid[]))', name);
  end loop;
end
$$;

-- What belongs to something lives in its region: the foreign key says so.
alter table caliber.trajectory
  add constraint trajectory_place unique (tenant_id, id, region_id),
  add constraint trajectory_region_fkey foreign key (tenant_id, region_id) references caliber.region (tenant_id, id);
alter table caliber.scope
  add constraint scope_place unique (tenant_id, id, region_id),
  drop constraint scope_tenant_id_trajectory_id_fkey,
  add constraint scope_trajectory_fkey foreign key (tenant_id, trajectory_id, region_id)
    references caliber.trajectory (tenant_id, id, region_id);
alter table caliber.turn
  drop constraint turn_tenant_id_scope_id_fkey,
  add constraint turn_scope_fkey foreign key (tenant_id, scope_id, region_id)
    references caliber.scope (tenant_id, id, region_id);
alter table caliber.artifact
  add constraint artifact_place unique (tenant_id, id, region_id),
  drop constraint artifact_tenant_id_trajectory_id_fkey,
  add constraint artifact_trajectory_fkey foreign key (tenant_id, trajectory_id, region_id)
    references caliber.trajectory (tenant_id, id, region_id);
alter table caliber.artifact_revision
  drop constraint artifact_revision_tenant_id_artifact_id_fkey,
  add constraint artifact_revision_artifact_fkey foreign key (tenant_id, artifact_id, region_id)
    references caliber.artifact (tenant_id, id, region_id);
alter table caliber.note
  drop constraint note_tenant_id_trajectory_id_fkey,
  add constraint note_trajectory_fkey foreign key (tenant_id, trajectory_id, region_id)
    references caliber.trajectory (tenant_id, id, region_id),
  add constraint note_region_fkey foreign key (tenant_id, region_id) references caliber.region (tenant_id, id);

-- A source is known by its name within a region: elsewhere nobody learns that there is one of that name. Of imported
-- trajectories alone: before there are statistics the planner would look for an id through all of a region.
alter table caliber.trajectory drop constraint trajectory_tenant_id_source_key_key;
create unique index trajectory_source on caliber.trajectory (tenant_id, region_id, source_key) where source_key is not null;

-- A window shows items of regions; whoever may not read one of them may not read the window.
alter table caliber.context_window add column regions uuid[] not null default '{}';
drop policy app on caliber.context_window;
create policy reads on caliber.context_window for select to caliber_app
  using (regions <@ (select caliber.open_regions(false))::uuid[]);
create policy adds on caliber.context_window for insert to caliber_app
  with check (regions <@ (select caliber.open_regions(false))::uuid[]);
create policy sweeps on caliber.context_window for delete to caliber_app
  using ((select caliber.current_reach()) = 'all');

grant select on caliber.region, caliber.region_grant to caliber_auditor;
create policy audits on caliber.region for select to caliber_auditor using (true);
create policy audits on caliber.region_grant for select to caliber_auditor using (true);
grant execute on function caliber.open_regions(boolean) to caliber_app;
