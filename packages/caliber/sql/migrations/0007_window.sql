-- 0007 context_window: the receipts of assembled contexts, named by their digest and kept for a limited time.
--
-- A window is computed from memory and can be computed again, so it is no event and needs no waiting for the disk. The record is JSON, deflated.

select set_config('role', 'caliber_owner', true);

create table caliber.context_window (
  tenant_id  uuid not null references caliber.tenant,
  id         text not null check (id ~ '^[0-9a-f]{64}$'),
  record     bytea not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, id)
);
-- Deflated by us: parsing it as JSON and compressing it again cost more than all the rest of an assembly.
alter table caliber.context_window alter column record set storage external;
create index context_window_oldest on caliber.context_window (tenant_id, created_at);

alter table caliber.context_window enable row level security;
alter table caliber.context_window force row level security;
create policy wall on caliber.context_window as restrictive
  using (tenant_id = (select caliber.current_tenant())) with check (tenant_id = (select caliber.current_tenant()));
create policy app on caliber.context_window to caliber_app using (true) with check (true);
grant select, insert, delete on caliber.context_window to caliber_app;
