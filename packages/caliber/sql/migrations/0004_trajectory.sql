-- 0004 trajectory, scope, turn: what an agent set out to do, its working windows, and what was said in them.
--
-- source_key names where an imported row came from: importing the same source again finds it instead of adding it.
-- Turns are immutable; their digest is computed by the database.

select set_config('role', 'caliber_owner', true);

create table caliber.trajectory (
  tenant_id   uuid not null references caliber.tenant,
  id          uuid not null,
  parent_id   uuid,
  depth       integer not null check (depth between 0 and 32),
  name        text not null check (length(name) between 1 and 500),
  goal        text check (length(goal) <= 20000),
  status      text not null check (status in ('active', 'suspended', 'completed', 'failed')),
  outcome     jsonb,
  source_key  text check (length(source_key) <= 500),
  version     integer not null default 1,
  created_by  uuid not null,
  created_at  timestamptz not null default clock_timestamp(),
  updated_at  timestamptz not null default clock_timestamp(),
  primary key (tenant_id, id),
  unique (tenant_id, source_key),
  foreign key (tenant_id, parent_id) references caliber.trajectory (tenant_id, id),
  foreign key (tenant_id, created_by) references caliber.principal (tenant_id, id)
);
create index trajectory_parent on caliber.trajectory (tenant_id, parent_id) where parent_id is not null;

create table caliber.scope (
  tenant_id     uuid not null,
  id            uuid not null,
  trajectory_id uuid not null,
  name          text not null check (length(name) between 1 and 500),
  purpose       text check (length(purpose) <= 20000),
  budget_tokens integer not null check (budget_tokens between 1 and 10000000),
  status        text not null check (status in ('open', 'closed')),
  turn_count    integer not null default 0,
  used_tokens   bigint not null default 0,
  source_key    text check (length(source_key) <= 500),
  version       integer not null default 1,
  created_at    timestamptz not null default clock_timestamp(),
  closed_at     timestamptz,
  primary key (tenant_id, id),
  unique (tenant_id, trajectory_id, source_key),
  foreign key (tenant_id, trajectory_id) references caliber.trajectory (tenant_id, id)
);

create table caliber.turn (
  tenant_id    uuid not null,
  id           uuid not null,
  scope_id     uuid not null,
  sequence     integer not null check (sequence > 0),
  role         text not null check (role in ('system', 'user', 'assistant', 'tool')),
  content      text not null check (length(content) <= 1000000),
  tool_calls   jsonb not null default '[]',
  tool_results jsonb not null default '[]',
  token_count  integer not null check (token_count >= 0),
  digest       bytea not null generated always as (caliber.content_digest(content)) stored,
  trust        double precision not null default 1 check (trust between 0 and 1),
  source_key   text check (length(source_key) <= 500),
  said_at      timestamptz not null,
  created_at   timestamptz not null default clock_timestamp(),
  primary key (tenant_id, id),
  unique (tenant_id, scope_id, sequence),
  unique (tenant_id, scope_id, source_key),
  foreign key (tenant_id, scope_id) references caliber.scope (tenant_id, id)
);

alter table caliber.trajectory enable row level security;
alter table caliber.trajectory force row level security;
create policy wall on caliber.trajectory as restrictive
  using (tenant_id = (select caliber.current_tenant())) with check (tenant_id = (select caliber.current_tenant()));
create policy app on caliber.trajectory to caliber_app using (true) with check (true);
grant select, insert, update (status, outcome, version, updated_at) on caliber.trajectory to caliber_app;

alter table caliber.scope enable row level security;
alter table caliber.scope force row level security;
create policy wall on caliber.scope as restrictive
  using (tenant_id = (select caliber.current_tenant())) with check (tenant_id = (select caliber.current_tenant()));
create policy app on caliber.scope to caliber_app using (true) with check (true);
grant select, insert, update (status, turn_count, used_tokens, version, closed_at) on caliber.scope to caliber_app;

alter table caliber.turn enable row level security;
alter table caliber.turn force row level security;
create policy wall on caliber.turn as restrictive
  using (tenant_id = (select caliber.current_tenant())) with check (tenant_id = (select caliber.current_tenant()));
create policy app on caliber.turn to caliber_app using (true) with check (true);
grant select, insert on caliber.turn to caliber_app;
