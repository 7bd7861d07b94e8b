-- 0005 artifact: output worth keeping, as a chain of immutable revisions.

select set_config('role', 'caliber_owner', true);

create table caliber.artifact (
  tenant_id     uuid not null,
  id            uuid not null,
  trajectory_id uuid not null,
  type          text not null check (length(type) between 1 and 50),
  name          text not null check (length(name) between 1 and 500),
  revision      integer not null default 1,
  created_at    timestamptz not null default clock_timestamp(),
  updated_at    timestamptz not null default clock_timestamp(),
  primary key (tenant_id, id),
  unique (tenant_id, trajectory_id, name),
  foreign key (tenant_id, trajectory_id) references caliber.trajectory (tenant_id, id)
);

create table caliber.artifact_revision (
  tenant_id   uuid not null,
  artifact_id uuid not null,
  revision    integer not null check (revision > 0),
  content     text not null check (length(content) <= 1000000),
  token_count integer not null check (token_count >= 0),
  digest      bytea not null generated always as (caliber.content_digest(content)) stored,
  provenance  jsonb not null,
  trust       double precision not null default 1 check (trust between 0 and 1),
  created_by  uuid not null,
  created_at  timestamptz not null default clock_timestamp(),
  primary key (tenant_id, artifact_id, revision),
  foreign key (tenant_id, artifact_id) references caliber.artifact (tenant_id, id),
  foreign key (tenant_id, created_by) references caliber.principal (tenant_id, id)
);

alter table caliber.artifact enable row level security;
alter table caliber.artifact force row level security;
create policy wall on caliber.artifact as restrictive
  using (tenant_id = (select caliber.current_tenant())) with check (tenant_id = (select caliber.current_tenant()));
create policy app on caliber.artifact to caliber_app using (true) with check (true);
grant select, insert, update (revision, updated_at) on caliber.artifact to caliber_app;

alter table caliber.artifact_revision enable row level security;
alter table caliber.artifact_revision force row level security;
create policy wall on caliber.artifact_revision as restrictive
  using (tenant_id = (select caliber.current_tenant())) with check (tenant_id = (select caliber.current_tenant()));
create policy app on caliber.artifact_revision to caliber_app using (true) with check (true);
grant select, insert on caliber.artifact_revision to caliber_app;
