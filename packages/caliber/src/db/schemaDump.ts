/**
 * Describe a database's schema as text, from its catalog alone: the same for a fresh and an upgraded database, and for
 * every version of Postgres that Caliber supports. `sql/schema.sql` is this text; a change of it shows in review.
 */
import type { Sql } from './sql.ts'

/** @returns the objects of schema caliber, one block each, in a fixed order */
export async function dumpSchema(sql: Sql): Promise<string> {
  const tables = await sql<{ block: string }>`
    select format(E'create table %I.%I (\n%s\n);\n%s%s%s%s%s', n.nspname, c.relname, columns.text, constraints.text,
                  indexes.text, security.text, triggers.text, grants.text) as block
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    cross join lateral (
      select string_agg(
        format('  %I %s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
               case when a.attgenerated = 's' then format(' generated always as (%s) stored', pg_get_expr(d.adbin, d.adrelid))
                    when d.adbin is not null then ' default ' || pg_get_expr(d.adbin, d.adrelid) else '' end,
               case when a.attnotnull then ' not null' else '' end), E',\n' order by a.attnum) as text
      from pg_attribute a
      left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    ) as columns
    cross join lateral (
      select coalesce(string_agg(format(E'alter table %I.%I add constraint %I %s;\n', n.nspname, c.relname, k.conname,
                                        pg_get_constraintdef(k.oid)), '' order by k.contype, k.conname), '') as text
      from pg_constraint k where k.conrelid = c.oid and k.contype <> 'n'
    ) as constraints
    cross join lateral (
      select coalesce(string_agg(pg_get_indexdef(i.indexrelid) || E';\n', '' order by i.indexrelid::regclass::text), '') as text
      from pg_index i
      where i.indrelid = c.oid and not exists (select from pg_constraint k where k.conindid = i.indexrelid)
    ) as indexes
    cross join lateral (
      select format(E'-- row security: enabled %s, forced %s, owner %s\n', c.relrowsecurity, c.relforcerowsecurity,
                    pg_get_userbyid(c.relowner)) ||
             coalesce(string_agg(format(E'create policy %I on %I.%I as %s for %s to %s using (%s)%s;\n', p.polname,
               n.nspname, c.relname, case when p.polpermissive then 'permissive' else 'restrictive' end,
               case p.polcmd when '*' then 'all' when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' else 'delete' end,
               (select string_agg(case r when 0 then 'public' else pg_get_userbyid(r) end, ', ') from unnest(p.polroles) as r),
               pg_get_expr(p.polqual, p.polrelid),
               coalesce(format(' with check (%s)', pg_get_expr(p.polwithcheck, p.polrelid)), '')), '' order by p.polname)
               filter (where p.oid is not null), '') as text
      from (select) as one left join pg_policy p on p.polrelid = c.oid
    ) as security
    cross join lateral (
      select coalesce(string_agg(format(E'%s;\n-- trigger %I: enabled %s\n', pg_get_triggerdef(t.oid), t.tgname, t.tgenabled), ''
                                 order by t.tgname), '') as text
      from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal
    ) as triggers
    cross join lateral (
      select coalesce(string_agg(format(E'grant %s on %I.%I to %s;\n', what, n.nspname, c.relname, who), '' order by who, what), '') as text
      from (
        select lower(g.privilege_type) as what, pg_get_userbyid(g.grantee) as who from aclexplode(c.relacl) as g
        where g.grantee <> c.relowner
        union all
        select format('%s (%s)', lower(g.privilege_type), string_agg(quote_ident(a.attname), ', ' order by a.attname)),
               pg_get_userbyid(g.grantee)
        from pg_attribute a, aclexplode(a.attacl) as g where a.attrelid = c.oid group by g.privilege_type, g.grantee
      ) as granted
    ) as grants
    where n.nspname in ('caliber', 'caliber_private') and c.relkind in ('r', 'p')
    order by n.nspname, c.relname`
  const functions = await sql<{ block: string }>`
    select pg_get_functiondef(p.oid) || E';\n' ||
           format(E'-- owner %s, security %s\n', pg_get_userbyid(p.proowner), case when p.prosecdef then 'definer' else 'invoker' end) ||
           coalesce((select string_agg(format(E'grant execute on function %s to %s;\n', p.oid::regprocedure,
                                              case g.grantee when 0 then 'public' else pg_get_userbyid(g.grantee) end), ''
                                       order by g.grantee::regrole::text)
                     from aclexplode(p.proacl) as g where g.grantee <> p.proowner), '') as block
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname in ('caliber', 'caliber_private') order by p.oid::regprocedure::text`
  const schemas = await sql<{ block: string }>`
    select format(E'create schema %I;\n-- owner %s\n', n.nspname, pg_get_userbyid(n.nspowner)) ||
           coalesce((select string_agg(format(E'grant %s on schema %I to %s;\n', lower(g.privilege_type), n.nspname,
                                              case g.grantee when 0 then 'public' else pg_get_userbyid(g.grantee) end), ''
                                       order by g.privilege_type, g.grantee::regrole::text)
                     from aclexplode(n.nspacl) as g where g.grantee <> n.nspowner), '') as block
    from pg_namespace n where n.nspname in ('caliber', 'caliber_private') order by n.nspname`
  const roles = await sql<{ block: string }>`
    select format('-- role %s: login %s, superuser %s, bypassrls %s, createrole %s, createdb %s, inherit %s%s', rolname,
                  rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolinherit, E'\n') as block
    from pg_roles where rolname in ('caliber_owner', 'caliber_app', 'caliber_auditor', 'caliber_metrics') order by rolname`
  return [...roles, ...schemas, ...functions, ...tables].map(({ block }) => block).join('\n')
}
