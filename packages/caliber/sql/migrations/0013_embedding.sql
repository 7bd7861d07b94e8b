-- 0013 embedding: vectors of texts, kept so that no text is sent to a model twice.
--
-- Keyed by the model and the digest of the text, not by item: equal texts share a vector, and a text that comes back has
-- one already. It names the item that it was first computed for, and goes with it when that is forgotten (0015).
-- A vector says much of what its text said, and a tenant's texts lie in many regions, so only work of the server
-- itself, which reaches all of them, reads or writes here. Rows are computed values: they may be lost and computed again.

select set_config('role', 'caliber_owner', true);

create table caliber.embedding (
  tenant_id  uuid not null references caliber.tenant,
  -- Name and dimensions of the model: one space.
  model      text not null check (length(model) between 1 and 300),
  -- SHA-256 of the text's UTF-8.
  digest     bytea not null check (octet_length(digest) = 32),
  -- 32-bit floats, little-endian, of length 1.
  vector     bytea not null check (octet_length(vector) between 4 and 262144 and octet_length(vector) % 4 = 0),
  item_id    uuid not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, model, digest)
);
create index embedding_item on caliber.embedding (tenant_id, item_id);
-- Floats do not compress.
alter table caliber.embedding alter column vector set storage external;

alter table caliber.embedding enable row level security;
alter table caliber.embedding force row level security;
create policy wall on caliber.embedding as restrictive
  using (tenant_id = (select caliber.verified_tenant())) with check (tenant_id = (select caliber.verified_tenant()));
create policy app on caliber.embedding to caliber_app
  using ((select caliber.current_reach()) = 'all') with check ((select caliber.current_reach()) = 'all');
grant select, insert on caliber.embedding to caliber_app;
