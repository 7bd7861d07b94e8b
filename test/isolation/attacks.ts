/**
 * What somebody tries who got SQL past us, on a connection of the role that serves, under valid claims of a principal.
 *
 * An attack says what it gained, or nothing. Some gain a little and cannot be refused by the database: they are known,
 * and listed with what they give away.
 */
import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import { signClaims } from './product.ts'
import { loginOf, type Site } from './site.ts'
import type { Tenant, World } from './world.ts'

interface Scene {
  readonly tx: postgres.TransactionSql
  readonly own: Tenant
  readonly foreign: Tenant
  /** A trajectory of the foreign tenant, and one of the own tenant in a region that is hidden from the attacker. */
  readonly foreignId: string
  readonly hiddenId: string
}

/** @returns what was gained; undefined for nothing. An error is a refusal. */
type Attack = (scene: Scene) => Promise<unknown>

export interface AttackResult {
  readonly name: string
  readonly gained: string | undefined
  /** Why it is not refused. */
  readonly known: string | undefined
}

/** Try everything on one connection after another's claims, as a pool would hand it on. */
export async function attack(site: Site, { tenants }: World): Promise<readonly AttackResult[]> {
  const [own, foreign] = tenants
  if (!own || !foreign) throw new Error('A world has several tenants.')
  await site.admin`analyze`
  const idIn = async (regionId: string) =>
    String((await site.admin`select id from caliber.trajectory where region_id = ${regionId} limit 1`)[0]?.['id'])
  const [foreignId, hiddenId] = [await idIn(foreign.regions.open), await idIn(own.regions.hidden)]
  const login = loginOf(site.ground)
  const results: AttackResult[] = []
  try {
    await as(login, site, foreign, (tx) => tx`select count(*) from caliber.note`)
    for (const [name, run] of Object.entries(attacks)) {
      const gained = await as(login, site, own, (tx) => run({ tx, own, foreign, foreignId, hiddenId })).catch(refusedBy)
      results.push({ name, gained: describe(gained), known: known[name] })
    }
    results.push({
      name: 'what a transaction leaves on its connection',
      gained: describe(await leftovers(login, site, own, foreign)),
      known: undefined,
    })
    results.push(await listening(site, own))
  } finally {
    await login.end()
  }
  return results
}

function as<T>(
  login: postgres.Sql,
  { ground }: Site,
  { people }: Tenant,
  work: (tx: postgres.TransactionSql) => Promise<T>,
): Promise<T> {
  return login.begin(async (tx) => {
    const { tenantId, principalId } = people.stranger
    const claims = signClaims(ground.key, { tenantId, principalId }, Date.now())
    await tx`select set_config('role', 'caliber_app', true), set_config('caliber.claims', ${claims}, true)`
    return work(tx)
  }) as Promise<T>
}

/** The database's refusal is what we want; anything else is a mistake of ours. */
function refusedBy(error: unknown): undefined {
  if (error instanceof postgres.PostgresError) return undefined
  throw error
}

function describe(gained: unknown): string | undefined {
  if (gained === undefined || gained === null || gained === 0 || (Array.isArray(gained) && gained.length === 0))
    return undefined
  return JSON.stringify(gained).slice(0, 200)
}

const attacks: Readonly<Record<string, Attack>> = {
  'become the owner': ({ tx }) => tx`set local role caliber_owner`.then(() => 'the owner role'),
  'become the auditor': ({ tx }) => tx`set local role caliber_auditor`.then(() => 'the auditor role'),
  'become the superuser': ({ tx }) => tx`set local session authorization caliber_admin`.then(() => 'superuser'),
  'fall back to the login role': async ({ tx, own }) => {
    await tx`reset role`
    return tx`select 1 from caliber.note where tenant_id <> ${own.tenantId} or region_id = ${own.regions.hidden}`
  },
  'read the key of claims': ({ tx }) => tx`select * from caliber_private.claim_key`,
  'read around row security': async ({ tx }) => {
    await tx`set local row_security = off`
    return tx`select 1 from caliber.note`
  },
  'turn triggers off': ({ tx }) => tx`set local session_replication_role = replica`.then(() => 'no triggers'),
  'create in a schema of ours': ({ tx }) => tx`create table caliber.mine (x int)`.then(() => 'a table'),
  'create in public': ({ tx }) => tx`create table public.mine (x int)`.then(() => 'a table'),
  'create a schema': ({ tx }) => tx`create schema mine`.then(() => 'a schema'),
  'shadow tables with temporary ones': async ({ tx, own }) => {
    await tx`create temporary table region on commit drop as select ${own.tenantId}::uuid as tenant_id, ${own.regions.hidden}::uuid as id`
    await tx`set local search_path = pg_temp, caliber`
    return tx`select id from unnest(caliber.open_regions(false)) id where id = ${own.regions.hidden}`
  },
  'shadow functions with temporary ones': async ({ tx, foreign }) => {
    await tx.unsafe(
      `create function pg_temp.current_setting(text, boolean) returns text language sql as $$ select '${foreign.tenantId}' $$`,
    )
    await tx`set local search_path = pg_temp, pg_catalog`
    return tx`select 1 from caliber.note where tenant_id = ${foreign.tenantId}`
  },
  'look with a function that tells': async ({ tx, foreign }) => {
    // A cheap function is run before the policies unless they keep it out: the classic leak of views that are no barriers.
    await tx.unsafe(`create function pg_temp.tells(t uuid) returns boolean language plpgsql cost 0.0000001
                     as $$ begin if t = '${foreign.tenantId}' then raise exception 'seen'; end if; return true; end $$`)
    return tx`select 1 from caliber.note where pg_temp.tells(tenant_id)`.then(
      () => undefined,
      (error: Error) => /seen/.exec(error.message)?.[0],
    )
  },
  'divide by what is hidden': ({ tx, foreign }) =>
    tx`select 1 from caliber.note where 1 / (case when tenant_id = ${foreign.tenantId} then 0 else 1 end) = 1`.then(
      () => undefined,
      (error: { code?: string }) => (error.code === '22012' ? 'that there is such a row' : undefined),
    ),
  'read statistics of columns': ({ tx }) => tx`select tablename from pg_stats where schemaname = 'caliber' limit 1`,
  'read a file': ({ tx }) => tx`select pg_read_file('/etc/hostname')`,
  'copy to a program': ({ tx }) => tx`copy (select 1) to program 'true'`.then(() => 'a shell'),
  'read what others run': ({ tx }) =>
    tx`select query from pg_stat_activity where pid <> pg_backend_pid() and query ~ '[0-9a-f]{64}'`,
  'reach another tenant by a function': ({ tx, foreign }) =>
    tx`select 1 from caliber.acquire_lock(${foreign.regions.open}, '*', false, 1000)`,
  'forge an event that moves hidden turns': async ({ tx, own }) => {
    const [scope] = await tx`select id from caliber.scope where region_id = ${own.regions.hidden}`
    const data = { firstSequence: 1, count: 2, trajectoryId: own.tenantId }
    const event = {
      kind: 'turns.appended',
      subjectId: scope?.['id'] ?? own.regions.hidden,
      regionId: own.regions.common,
      data,
    }
    return tx`select caliber.append_events(${tx.json([event])})`
  },
  'forge an event that opens a region': ({ tx, own }) => {
    const data = { kind: 'public', ownerId: own.people.stranger.principalId }
    const event = { kind: 'region.created', subjectId: own.regions.hidden, regionId: null, data }
    return tx`select caliber.append_events(${tx.json([event])})`
  },
  'ask a foreign key whether an id of another tenant exists': ({ tx, foreignId }) => difference(tx, foreignId),
  'ask a foreign key whether an id of a hidden region exists': ({ tx, hiddenId }) => difference(tx, hiddenId),
  'count the rows of everybody': ({ tx }) =>
    tx`select reltuples from pg_class where oid = 'caliber.note'::regclass and reltuples > 0`,
  'keep a large object for others': ({ tx }) => tx`select lo_from_bytea(0, 'x') as oid`,
  'ring the doorbell of another tenant': ({ tx, foreign }) =>
    tx`select pg_notify('caliber_event', ${`${foreign.tenantId} 1`})`.then(() => 'a ring'),
  'hold the lock of installers': ({ tx }) => tx`select pg_try_advisory_xact_lock(5215301744) as held`,
  'change the settings of the login role': async ({ tx }) => {
    await tx`reset role`
    await tx`alter role caliber_login set statement_timeout = '30s'`
    await tx.unsafe('alter role caliber_login reset statement_timeout')
    return 'settings of sessions to come'
  },
}

const known: Readonly<Record<string, string>> = {
  'ask a foreign key whether an id of a hidden region exists':
    'foreign keys look past row security; an id of 74 random bits must be known to ask, and only that it exists is said',
  'count the rows of everybody':
    'pg_class is readable by everybody: how many rows a table has in all tenants together, roughly',
  'keep a large object for others':
    'large objects belong to the role, not to a tenant; nothing of ours is kept in them',
  'ring the doorbell of another tenant': 'anybody may notify: a ring is a hint, and costs a look at the log',
  'hold the lock of installers': 'advisory locks are open to every role: an installer waits',
  'change the settings of the login role': 'a role may change its own settings and password; no data is reached',
  'listen to the doorbell': 'channels are global: whoever has SQL learns ids of tenants and how fast their logs grow',
}

/** Whether a foreign key tells a hidden id from one that names nothing. */
async function difference(tx: postgres.TransactionSql, id: string): Promise<string | undefined> {
  const outcomeOf = (trajectoryId: string) =>
    tx
      .savepoint(
        (savepoint) => savepoint`
          insert into caliber.note (tenant_id, id, region_id, trajectory_id, type, subject, content, level, confidence,
                                    pinned, sources, token_count, status, recorded_by)
          values (caliber.current_tenant(), ${randomUUID()}, caliber.current_tenant(), ${trajectoryId}, 'fact', 'x', 'x',
                  'raw', 1, false, '[]', 1, 'live', caliber.current_principal())`,
      )
      .then(
        () => 'accepted',
        (error: { code?: string }) => String(error.code),
      )
  const [here, nowhere] = [await outcomeOf(id), await outcomeOf(randomUUID())]
  return here === nowhere ? undefined : `${here} where something is hidden, ${nowhere} where nothing is`
}

/** Claims, prepared statements and settings of one transaction, seen from the next on the same connection. */
async function leftovers(login: postgres.Sql, site: Site, own: Tenant, foreign: Tenant): Promise<readonly string[]> {
  const gained: string[] = []
  await as(login, site, foreign, (tx) => tx.unsafe('prepare kept as select tenant_id from caliber.note'))
  const rows = await as(login, site, own, (tx) => tx.unsafe<{ tenant_id: string }[]>('execute kept'))
  if (rows.some(({ tenant_id }) => tenant_id !== own.tenantId)) gained.push('rows by a prepared statement')
  const [after] = await login`select current_setting('caliber.claims', true) as claims, current_user::text as role`
  if (after?.['claims'] !== '' || after?.['role'] !== 'caliber_login')
    gained.push(`claims or role: ${JSON.stringify(after)}`)
  if ((await login`select 1 from pg_cursors where name <> ''`).length > 0) gained.push('a cursor')
  return gained
}

async function listening(site: Site, { people }: Tenant): Promise<AttackResult> {
  const login = loginOf(site.ground)
  const heard: string[] = []
  const { unlisten } = await login.listen('caliber_event', (payload) => heard.push(payload))
  await site.runtime.dispatch({
    operation: 'note.record',
    input: { subject: 'x', content: 'x' },
    principal: people.owner,
  })
  for (let i = 0; i < 100 && heard.length === 0; i += 1) await site.admin`select pg_sleep(0.02)`
  await unlisten()
  await login.end()
  return { name: 'listen to the doorbell', gained: describe(heard), known: known['listen to the doorbell'] }
}
