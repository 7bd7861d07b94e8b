-- 0017 conflict: two live notes about one subject that cannot both hold.
--
-- Found in the transaction that records the newer one, among the live notes of its subject in its region: whoever reads
-- one side reads the other. A conflict ends when somebody resolves it, or with either of its notes; both stay
-- citable. What is forgotten takes its conflicts along: what the judge said may quote it.

select set_config('role', 'caliber_owner', true);

alter table caliber.note
  add constraint note_place unique (tenant_id, id, region_id),
  -- What takes a note's place stands in the same region: its id is shown with the note.
  drop constraint note_tenant_id_superseded_by_fkey,
  add constraint note_superseded_fkey foreign key (tenant_id, superseded_by, region_id)
    references caliber.note (tenant_id, id, region_id);
create index note_subject on caliber.note (tenant_id, region_id, lower(subject)) where status = 'live';

create table caliber.conflict (
  tenant_id   uuid not null references caliber.tenant,
  id          uuid not null,
  region_id   uuid not null,
  older_id    uuid not null,
  newer_id    uuid not null,
  -- What the judge said.
  finding     text not null check (length(finding) between 1 and 2000),
  status      text not null check (status in ('open', 'escalated', 'resolved')),
  -- How it was resolved; null also where one of its notes ended by itself.
  strategy    text check (strategy in ('last_write', 'first_write', 'highest_confidence', 'merge', 'reject_both', 'keep_both')),
  reason      text check (length(reason) <= 2000),
  version     integer not null default 1,
  found_at    timestamptz not null default clock_timestamp(),
  resolved_at timestamptz,
  primary key (tenant_id, id),
  check ((status = 'resolved') = (resolved_at is not null)),
  foreign key (tenant_id, older_id, region_id) references caliber.note (tenant_id, id, region_id) on delete cascade,
  foreign key (tenant_id, newer_id, region_id) references caliber.note (tenant_id, id, region_id) on delete cascade
);
create index conflict_older on caliber.conflict (tenant_id, older_id);
create index conflict_newer on caliber.conflict (tenant_id, newer_id);

alter table caliber.conflict enable row level security;
alter table caliber.conflict force row level security;
create policy wall on caliber.conflict as restrictive
  using (tenant_id = (select caliber.verified_tenant())) with check (tenant_id = (select caliber.verified_tenant()));
create policy owner on caliber.conflict to caliber_owner using (true) with check (true);
create policy reads on caliber.conflict for select to caliber_app
  using (region_id = any ((select caliber.open_regions(false))::uuid[]));
create policy adds on caliber.conflict for insert to caliber_app
  with check (region_id = any ((select caliber.open_regions(true))::uuid[]));
create policy changes on caliber.conflict for update to caliber_app
  using (region_id = any ((select caliber.open_regions(true))::uuid[]));
grant select, insert, update (status, strategy, reason, version, resolved_at) on caliber.conflict to caliber_app;

do $$
declare
  event text;
begin
  foreach event in array array['insert', 'update', 'delete'] loop
    execute format('create trigger fence_%s after %s on caliber.conflict referencing %s table as changed
                    for each statement execute function caliber_private.assert_fences()',
                   event, event, case event when 'delete' then 'old' else 'new' end);
    execute format('alter table caliber.conflict enable always trigger fence_%s', event);
  end loop;
end
$$;

-- As in 0016, and of conflicts too.
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
    when 'conflict' then
      return exists (select from caliber.conflict c where c.tenant_id = tenant and c.id = subject and c.region_id = region);
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
