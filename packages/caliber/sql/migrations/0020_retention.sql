-- 0020 retention: how long a tenant keeps what was said and what has ended. Null: for ever.
--
-- Set by the tenant's administrator, carried out by the sweep: what has outlived its time is erased as forgetting erases (0015).

select set_config('role', 'caliber_owner', true);

alter table caliber.tenant
  -- Of turns, from when their scope was closed.
  add column turn_retention_days integer check (turn_retention_days between 1 and 36500),
  -- Of notes, from when they were superseded or retracted, or ceased to hold.
  add column note_retention_days integer check (note_retention_days between 1 and 36500);
grant update (turn_retention_days, note_retention_days) on caliber.tenant to caliber_app;

create index scope_closed on caliber.scope (tenant_id, closed_at) where closed_at is not null;
create index note_valid_until on caliber.note (tenant_id, valid_until) where valid_until is not null;
