-- 0003 event: the tenant's log and the record of answered requests.
--
-- seq has no gaps and grows in commit order: the head row is locked by the transaction that appends, so whoever has
-- read up to n has seen every change up to n. Events name what changed and carry no content.

select set_config('role', 'caliber_owner', true);

create table caliber.event_head (
  tenant_id uuid primary key references caliber.tenant,
  seq       bigint not null
);

create table caliber.event (
  tenant_id    uuid not null references caliber.tenant,
  seq          bigint not null,
  kind         text not null check (length(kind) between 1 and 100),
  subject_id   uuid not null,
  data         jsonb not null,
  principal_id uuid not null,
  at           timestamptz not null default clock_timestamp(),
  primary key (tenant_id, seq),
  foreign key (tenant_id, principal_id) references caliber.principal (tenant_id, id)
);

-- The answer to a request that came with an idempotency key, stored with the change itself.
create table caliber.idempotency (
  tenant_id      uuid not null references caliber.tenant,
  principal_id   uuid not null,
  key            text not null check (length(key) between 1 and 200),
  operation      text not null,
  request_digest bytea not null,
  response       jsonb,
  expires_at     timestamptz not null,
  primary key (tenant_id, principal_id, key),
  foreign key (tenant_id, principal_id) references caliber.principal (tenant_id, id)
);
create index idempotency_expiry on caliber.idempotency (tenant_id, expires_at);

alter table caliber.event_head enable row level security;
alter table caliber.event_head force row level security;
create policy wall on caliber.event_head as restrictive
  using (tenant_id = (select caliber.current_tenant())) with check (tenant_id = (select caliber.current_tenant()));
create policy app on caliber.event_head to caliber_app using (true) with check (true);
grant select, insert, update (seq) on caliber.event_head to caliber_app;

alter table caliber.event enable row level security;
alter table caliber.event force row level security;
create policy wall on caliber.event as restrictive
  using (tenant_id = (select caliber.current_tenant())) with check (tenant_id = (select caliber.current_tenant()));
create policy app on caliber.event to caliber_app using (true) with check (true);
grant select, insert on caliber.event to caliber_app;

alter table caliber.idempotency enable row level security;
alter table caliber.idempotency force row level security;
create policy wall on caliber.idempotency as restrictive
  using (tenant_id = (select caliber.current_tenant())) with check (tenant_id = (select caliber.current_tenant()));
create policy app on caliber.idempotency to caliber_app using (true) with check (true);
grant select, insert, update (response), delete on caliber.idempotency to caliber_app;
