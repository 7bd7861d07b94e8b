-- 0006 note: knowledge that outlives the trajectory it came from.
--
-- Text is immutable: a correction is a new note that supersedes the old one, so a citation never changes under the
-- reader. valid_from/valid_until say when it holds in the world, recorded_at when we learned it.

select set_config('role', 'caliber_owner', true);

create table caliber.note (
  tenant_id     uuid not null references caliber.tenant,
  id            uuid not null,
  trajectory_id uuid,
  type          text not null check (length(type) between 1 and 50),
  subject       text not null check (length(subject) between 1 and 500),
  content       text not null check (length(content) between 1 and 20000),
  level         text not null check (level in ('raw', 'summary', 'principle')),
  confidence    double precision not null check (confidence between 0 and 1),
  trust         double precision not null default 1 check (trust between 0 and 1),
  pinned        boolean not null,
  valid_from    timestamptz,
  valid_until   timestamptz,
  sources       jsonb not null,
  token_count   integer not null check (token_count >= 0),
  digest        bytea not null generated always as (caliber.content_digest(content)) stored,
  status        text not null check (status in ('live', 'superseded', 'retracted')),
  superseded_by uuid,
  reason        text check (length(reason) <= 2000),
  version       integer not null default 1,
  recorded_by   uuid not null,
  recorded_at   timestamptz not null default clock_timestamp(),
  primary key (tenant_id, id),
  check (valid_until is null or valid_from is null or valid_until > valid_from),
  check ((status = 'superseded') = (superseded_by is not null)),
  foreign key (tenant_id, trajectory_id) references caliber.trajectory (tenant_id, id),
  foreign key (tenant_id, superseded_by) references caliber.note (tenant_id, id),
  foreign key (tenant_id, recorded_by) references caliber.principal (tenant_id, id)
);

alter table caliber.note enable row level security;
alter table caliber.note force row level security;
create policy wall on caliber.note as restrictive
  using (tenant_id = (select caliber.current_tenant())) with check (tenant_id = (select caliber.current_tenant()));
create policy app on caliber.note to caliber_app using (true) with check (true);
grant select, insert, update (status, superseded_by, reason, version) on caliber.note to caliber_app;
