-- 0022 item vector: vectors of items, for tenants that have more of them than a process should hold.
--
-- One row per item, text and model: the vector of caliber.embedding (0013) once more, in the item's region and as an array of
-- numbers, which the extension pgvector takes for a vector. The table needs no extension: a database that has none, or loses
-- it, opens like any other, and these rows are not searched. Rows never change. One whose text is not the item's any
-- more is named by no reader; it goes with the item, or when it is swept.
--
-- A slot is a small number for a row among those of its tenant and model. So a reader can say by one bit per row which ones
-- take part in a search.

select set_config('role', 'caliber_owner', true);

create table caliber.item_vector (
  tenant_id  uuid not null,
  model      text not null check (length(model) between 1 and 300),
  item_id    uuid not null,
  -- SHA-256 of the UTF-8 of the text that it stands for.
  digest     bytea not null check (octet_length(digest) = 32),
  region_id  uuid not null,
  slot       integer not null check (slot >= 0),
  -- In units of 2^-30, of length 1: nearer to the 32-bit floats than their sums are to each other, and read in a fraction of
  -- the time. As many dimensions as pgvector takes, and no null among them: one row that it refuses would end every search.
  vector     integer[] not null check (array_ndims(vector) = 1 and cardinality(vector) between 1 and 16000
                                       and array_position(vector, null) is null),
  created_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, model, item_id, digest),
  unique (tenant_id, model, slot),
  foreign key (tenant_id, region_id) references caliber.region (tenant_id, id)
);
create index item_vector_item on caliber.item_vector (tenant_id, item_id);
-- Vectors do not compress, and a scan of all is quicker where they lie in the row.
alter table caliber.item_vector alter column vector set storage external;
alter table caliber.item_vector set (toast_tuple_target = 8160);

alter table caliber.item_vector enable row level security;
alter table caliber.item_vector force row level security;
create policy wall on caliber.item_vector as restrictive
  using (tenant_id = (select caliber.verified_tenant())) with check (tenant_id = (select caliber.verified_tenant()));
create policy owner on caliber.item_vector to caliber_owner using (true) with check (true);
create policy reads on caliber.item_vector for select to caliber_app
  using (region_id = any ((select caliber.open_regions(false))::uuid[]));
create policy adds on caliber.item_vector for insert to caliber_app with check ((select caliber.current_reach()) = 'all');
create policy sweeps on caliber.item_vector for delete to caliber_app using ((select caliber.current_reach()) = 'all');
grant select, insert, delete on caliber.item_vector to caliber_app;

-- What is forgotten takes its vectors along.
create function caliber_private.erase_item_vectors() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  delete from caliber.item_vector v using added a where v.tenant_id = a.tenant_id and v.item_id = any (a.erased);
  return null;
end
$$;
create trigger erase_item_vectors after insert on caliber.erasure referencing new table as added
  for each statement execute function caliber_private.erase_item_vectors();
alter table caliber.erasure enable always trigger erase_item_vectors;
