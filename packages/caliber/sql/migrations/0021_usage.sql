-- 0021 usage: what models were asked for a tenant, and how much they may be asked in a day.
--
-- One row per day in UTC, kind of asking and model. It is added to in the transaction that keeps what the model made, so
-- that the count and the result stand or fall together; what nothing is kept of (questions, answers of no use) is added
-- behind. Counts only grow: the role that serves adds by a function, and sets nothing. The clock is the database's, so that
-- processes agree on the day. No row holds words of anybody: forgetting has nothing to do here.

select set_config('role', 'caliber_owner', true);

alter table caliber.tenant
  -- Tokens that models may read and write for it in a day; null for no limit.
  add column model_tokens_per_day bigint check (model_tokens_per_day >= 0);
grant update (model_tokens_per_day) on caliber.tenant to caliber_app;

create table caliber.usage (
  tenant_id     uuid not null references caliber.tenant,
  -- In UTC.
  day           date not null,
  kind          text not null check (kind in ('embedding', 'question', 'summary')),
  -- As its vectors or summaries name it.
  model         text not null check (length(model) between 1 and 300),
  calls         bigint not null check (calls >= 0),
  input_tokens  bigint not null check (input_tokens >= 0),
  output_tokens bigint not null check (output_tokens >= 0),
  primary key (tenant_id, day, kind, model)
);

alter table caliber.usage enable row level security;
alter table caliber.usage force row level security;
create policy wall on caliber.usage as restrictive
  using (tenant_id = (select caliber.verified_tenant())) with check (tenant_id = (select caliber.verified_tenant()));
create policy owner on caliber.usage to caliber_owner using (true) with check (true);
create policy reads on caliber.usage for select to caliber_app using ((select caliber.current_reach()) = 'all');
create policy sweeps on caliber.usage for delete to caliber_app using ((select caliber.current_reach()) = 'all');
grant select, delete on caliber.usage to caliber_app;

-- Count what a model was asked, today.
create function caliber.add_usage(kind text, model text, calls bigint, input_tokens bigint, output_tokens bigint) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  tenant uuid := caliber_private.assert_whole_reach();
begin
  if least(add_usage.calls, add_usage.input_tokens, add_usage.output_tokens) < 0 then
    raise exception 'usage only grows' using errcode = '22023';
  end if;
  insert into caliber.usage as u (tenant_id, day, kind, model, calls, input_tokens, output_tokens)
  values (tenant, (clock_timestamp() at time zone 'UTC')::date, add_usage.kind, add_usage.model,
          add_usage.calls, add_usage.input_tokens, add_usage.output_tokens)
  on conflict (tenant_id, day, kind, model) do update
    set calls = u.calls + excluded.calls, input_tokens = u.input_tokens + excluded.input_tokens,
        output_tokens = u.output_tokens + excluded.output_tokens;
end
$$;

grant execute on function caliber.add_usage(text, text, bigint, bigint, bigint) to caliber_app;
