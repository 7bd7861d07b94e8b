/**
 * The walls, and how the bench takes each of them down: SQL that replaces parts of the schema in a database of its own.
 *
 * Everything else stays as the product has it: tables, keys, indexes, operations, the session's settings and the
 * signing of claims by the client. Nothing of this is ever part of the product, which would refuse such a database.
 */

/** In the order in which they are taken down. */
export const walls = ['claims', 'regions', 'fence', 'audit'] as const
export type Wall = (typeof walls)[number]

/** The statements that leave only `standing` of a fresh database's walls. */
export function takeDownAllBut(standing: readonly Wall[]): string {
  const down = walls.filter((wall) => !standing.includes(wall))
  const open = down.includes('claims') && down.includes('regions') ? withoutRowSecurity : ''
  return down.map((wall) => without[wall]).join('\n') + open
}

const forEveryTable = (statement: string) => `
  do $$
  declare
    name text;
  begin
    for name in select relname from pg_class where relnamespace = 'caliber'::regnamespace and relkind = 'r' loop
      ${statement}
    end loop;
  end
  $$;`

/** One statement per policy that is not the tenant's wall, then one that lets everybody pass. */
const withoutPoliciesOfRegions = forEveryTable(`
      declare
        policy text;
      begin
        for policy in select policyname from pg_policies
          where schemaname = 'caliber' and tablename = name and policyname <> 'wall'
        loop
          execute format('drop policy %I on caliber.%I', policy, name);
        end loop;
        execute format('create policy open on caliber.%I using (true) with check (true)', name);
      end;`)

const withoutRowSecurity = forEveryTable(`execute format('alter table caliber.%I disable row level security', name);`)

const without: Readonly<Record<Wall, string>> = {
  // The claims are believed: no key, no hash, no expiry, and no policy that compares them with a row.
  claims: `
    create or replace function caliber.verified_tenant() returns uuid
    language sql stable security invoker
    as $$ select nullif(split_part(current_setting('caliber.claims', true), '.', 1), '')::uuid $$;
    alter function caliber.verified_tenant() reset all;
    ${forEveryTable(`execute format('drop policy wall on caliber.%I', name);`)}`,

  // Every region of the tenant is open, as far as operations ask; no policy looks at a row's region.
  regions: `
    ${withoutPoliciesOfRegions}
    create or replace function caliber.open_regions(writing boolean) returns uuid[]
    language sql stable security invoker
    as $$ select array_agg(id) from caliber.region where tenant_id = caliber.verified_tenant() $$;
    alter function caliber.open_regions(boolean) reset all;`,

  fence: `
    do $$
    declare
      found record;
    begin
      for found in select tgname, tgrelid::regclass as name from pg_trigger where tgname like 'fence\\_%' loop
        execute format('drop trigger %I on %s', found.tgname, found.name);
      end loop;
    end
    $$;`,

  // The log as it was before there was a chain: numbered and rung, without hash, content digest and count.
  audit: `
    alter table caliber.event alter column hash drop not null;
    create or replace function caliber.append_events(changes jsonb) returns bigint
    language sql volatile security definer set search_path = pg_catalog, pg_temp
    as $$
      with head as (
        update caliber.event_head set seq = seq + jsonb_array_length(changes)
        where tenant_id = caliber.verified_tenant() returning tenant_id, seq
      ), entry as (
        insert into caliber.event (tenant_id, seq, kind, subject_id, data, principal_id, region_id)
        select head.tenant_id, head.seq - jsonb_array_length(changes) + change.position, change.item ->> 'kind',
               (change.item ->> 'subjectId')::uuid, change.item -> 'data', caliber.current_principal(),
               (change.item ->> 'regionId')::uuid
        from head, jsonb_array_elements(changes) with ordinality as change (item, position)
      ), ring as (
        select pg_notify('caliber_event', tenant_id || ' ' || seq) from head
      )
      select seq from head, ring
    $$;`,
}
