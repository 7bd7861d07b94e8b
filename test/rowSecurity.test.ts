/**
 * The wall around a tenant, table by table from the catalog, on a connection that other tenants used before.
 *
 * A new table cannot be forgotten: it is found in the catalog, and fails here until it is behind the wall.
 */
import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type ClaimKey, installClaimKey, newClaimKey, signClaims } from '../packages/caliber/src/db/claimKey.ts'
import { openVectorStore } from '../packages/caliber/src/derive/embeddings/vectorStore.ts'
import { Derivations } from '../packages/caliber/src/derive/summaries/derivations.ts'
import { textDigest } from '../packages/caliber/src/derive/textDigest.ts'
import { Meter } from '../packages/caliber/src/derive/use/meter.ts'
import { openStoredVectors } from '../packages/caliber/src/derive/vector/storedVectors.ts'
import type { RegionId } from '../packages/caliber/src/domain/ids.ts'
import { sweepTenant } from '../packages/caliber/src/operations/sweep/sweepTenants.ts'
import { type TestCaliber, type TestTenant, testCaliber } from '../packages/caliber/src/operations/testing/tenant.ts'

let caliber: TestCaliber
let ours: TestTenant
let theirs: TestTenant
/** One connection of the role that serves, reused for everything. */
let app: postgres.Sql
let tables: string[]
let key: ClaimKey

beforeAll(async () => {
  caliber = await testCaliber()
  key = newClaimKey()
  await installClaimKey(caliber.database, key)
  ours = await caliber.tenant()
  theirs = await caliber.tenant()
  for (const tenant of [ours, theirs]) await fill(tenant)
  // Receipts are stored behind the answer.
  await vi.waitFor(async () => expect(await caliber.admin`select 1 from caliber.context_window`).toHaveLength(2))
  app = postgres(caliber.loginUrl, { max: 1, onnotice: () => {} })
  const found = await caliber.admin<{ name: string }[]>`
    select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'caliber' and c.relkind in ('r', 'p', 'v', 'm', 'f') order by 1`
  tables = found.map(({ name }) => name)
})
afterAll(async () => {
  await app.end()
  await caliber.close()
})

test('the sweep sees every table there is', () => {
  expect(tables.length).toBeGreaterThanOrEqual(23)
})

test('every table has row security enabled and forced, a restrictive wall, a tenant-led key and no excess of grants', async () => {
  const facts = await caliber.admin<Record<string, unknown>[]>`
    select c.relname, c.relrowsecurity as enabled, c.relforcerowsecurity as forced, pg_get_userbyid(c.relowner) as owner,
           exists (select from pg_policy p where p.polrelid = c.oid and not p.polpermissive and p.polcmd = '*'
                   and p.polroles = '{0}' and pg_get_expr(p.polqual, p.polrelid) like '(tenant_id = %'
                   and pg_get_expr(p.polwithcheck, p.polrelid) like '(tenant_id = %') as walled,
           (select a.attname from pg_index i join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
            where i.indrelid = c.oid and i.indisprimary) as key,
           (select count(*)::int from pg_index i join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
            where i.indrelid = c.oid and i.indisunique and a.attname <> 'tenant_id') as "openKeys",
           has_table_privilege('caliber_app', c.oid, 'truncate, references, trigger') as excess
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'caliber' and c.relkind = 'r'`
  for (const fact of facts) {
    expect(fact, String(fact['relname'])).toMatchObject({
      enabled: true,
      forced: true,
      owner: 'caliber_owner',
      walled: true,
      key: 'tenant_id',
      openKeys: 0,
      excess: false,
    })
  }
})

test('the application role owns nothing, is no superuser, bypasses nothing and may create nothing', async () => {
  const [role] = await caliber.admin`
    select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin,
           (select count(*)::int from pg_class where relowner = r.oid) as owned,
           has_schema_privilege('caliber_app', 'caliber', 'create') as creates
    from pg_roles r where rolname = 'caliber_app'`
  expect(role).toMatchObject({
    rolsuper: false,
    rolbypassrls: false,
    rolcreaterole: false,
    rolcreatedb: false,
    owned: 0,
    creates: false,
  })
})

test('functions that run as the owner are these, with a pinned search path, and nobody else may replace them', async () => {
  const definers = await caliber.admin<{ name: string; path: string | null; open: boolean; owner: string }[]>`
    select n.nspname || '.' || p.proname as name, array_to_string(p.proconfig, ' ') as path,
           has_function_privilege('public', p.oid, 'execute') as open, pg_get_userbyid(p.proowner) as owner
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname like 'caliber%' and p.prosecdef order by 1`
  expect(definers.map(({ name }) => name)).toEqual([
    'caliber.acquire_lock',
    'caliber.add_usage',
    'caliber.append_events',
    'caliber.claim_derivation',
    'caliber.distrust_source',
    'caliber.erase',
    'caliber.forgotten_with',
    'caliber.hold_lineage',
    'caliber.metrics',
    'caliber.open_regions',
    'caliber.publish_derivation',
    'caliber.release_derivation',
    'caliber.renew_lock',
    'caliber.sweep_derivations',
    'caliber.tenant_ids',
    'caliber.trust_again',
    'caliber.verified_tenant',
    'caliber.verify_events',
    'caliber_private.assert_fences',
    'caliber_private.erase_derivations',
    'caliber_private.erase_item_vectors',
    'caliber_private.inherit_quarantine',
    'caliber_private.lift_erased',
    'caliber_private.note_lineage',
    'caliber_private.note_trust',
    'caliber_private.quarantine_at_birth',
    'caliber_private.register_tenant',
    'caliber_private.replacement_lineage',
    'caliber_private.revision_lineage',
    'caliber_private.revision_trust',
  ])
  for (const definer of definers) {
    expect(definer).toMatchObject({
      path: 'search_path=pg_catalog, pg_temp',
      open: false,
      owner: 'caliber_owner',
    })
  }
})

test('on one reused connection each tenant sees its own rows, and nobody sees any without claims', async () => {
  for (let round = 0; round < 2; round += 1) {
    for (const table of tables) {
      const [own, foreign] = [await visible(ours, table), await visible(theirs, table)]
      expect(
        own.every((id) => id === ours.tenantId),
        `${table} as ours`,
      ).toBe(true)
      expect(
        foreign.every((id) => id === theirs.tenantId),
        `${table} as theirs`,
      ).toBe(true)
      expect(own.length, `${table} has rows to probe`).toBeGreaterThan(0)
      expect(await visible(undefined, table), `${table} without claims`).toEqual([])
    }
  }
})

describe('direct statements of the application role', () => {
  const refusals: Record<string, (tx: postgres.TransactionSql) => Promise<unknown>> = {
    'insert a row for another tenant': (tx) =>
      tx`insert into caliber.tenant (tenant_id, name) values (${theirs.tenantId}, 'x')`,
    'insert an event for another tenant': (tx) =>
      tx`insert into caliber.event (tenant_id, seq, kind, subject_id, data, principal_id)
         values (${theirs.tenantId}, 999, 'x', ${theirs.tenantId}, '{}', ${theirs.principalId})`,
    'change the text of a note': (tx) => tx`update caliber.note set content = 'x'`,
    'change an event': (tx) => tx`update caliber.event set kind = 'x'`,
    'delete an event': (tx) => tx`delete from caliber.event`,
    'delete a turn': (tx) => tx`delete from caliber.turn`,
    'delete a note': (tx) => tx`delete from caliber.note`,
    'delete a record of an erasure': (tx) => tx`delete from caliber.erasure`,
    'write an erasure by hand': (tx) =>
      tx`insert into caliber.erasure (tenant_id, entry_seq, generation, receipt_id, region_id, subject_id, erased, items, bytes)
         values (${ours.tenantId}, 1, 1, ${ours.tenantId}, ${ours.tenantId}, ${ours.tenantId}, '{}', 0, 0)`,
    'count by hand what models were asked': (tx) =>
      tx`insert into caliber.usage (tenant_id, day, kind, model, calls, input_tokens, output_tokens)
         values (${ours.tenantId}, current_date, 'summary', 'x', 1, 1, 1)`,
    'take back what models were asked': (tx) => tx`update caliber.usage set input_tokens = 0`,
    'count less than nothing': (tx) => tx`select caliber.add_usage('summary', 'model', 1, -1, 0)`,
    'truncate a table': (tx) => tx`truncate caliber.turn`,
    'turn row security off': (tx) => tx`alter table caliber.note disable row level security`,
    'read around row security': async (tx) => {
      await tx`set local row_security = off`
      return tx`select * from caliber.note`
    },
    'create a function in the schema': (tx) => tx`create function caliber.f() returns int language sql as 'select 1'`,
    'append an event by hand': (tx) =>
      tx`insert into caliber.event (tenant_id, seq, kind, subject_id, data, principal_id, hash)
         values (${ours.tenantId}, 999, 'x', ${ours.tenantId}, '{}', ${ours.principalId}, sha256(''))`,
    'move the head of the log': (tx) => tx`update caliber.event_head set seq = 1`,
    'take a lock by hand': (tx) => tx`update caliber.lock set holder_id = ${ours.principalId}`,
    'raise its own limit': (tx) => tx`update caliber.event_head set items = 0`,
    'move a row to another region': (tx) => tx`update caliber.note set region_id = ${ours.tenantId}`,
    'become the owner': (tx) =>
      tx`set local role caliber_owner`.then(() => tx`select * from caliber_private.claim_key`),
    'turn a trigger off': (tx) => tx`alter table caliber.note disable trigger fence_insert`,
    'write a digest': (tx) => tx`update caliber.turn set digest = '\\x00'`,
  }
  test.each(Object.keys(refusals))('cannot %s', async (name) => {
    await expect(as(ours, async (tx) => refusals[name]?.(tx))).rejects.toThrow()
  })

  test('cannot update or delete what belongs to another tenant', async () => {
    const touched = await as(ours, async (tx) => [
      await tx`update caliber.note set version = version where tenant_id = ${theirs.tenantId} returning 1`,
      await tx`delete from caliber.context_window where tenant_id = ${theirs.tenantId} returning 1`,
    ])
    expect(touched.flat()).toEqual([])
  })
})

describe('claims', () => {
  const seen = (claims: string) =>
    app.begin(async (tx) => {
      await tx`select set_config('role', 'caliber_app', true), set_config('caliber.claims', ${claims}, true)`
      return tx`select tenant_id from caliber.note`
    })

  test('that are signed by a known key open the rows of their tenant', async () => {
    expect(await seen(claimsOf(ours))).not.toEqual([])
  })

  const forgeries: Record<string, () => string> = {
    'another tenant under the old signature': () => claimsOf(ours).replace(ours.tenantId, theirs.tenantId),
    'another principal under the old signature': () => claimsOf(ours).replace(ours.principalId, theirs.principalId),
    'a wider reach under the old signature': () =>
      signClaims(key, { tenantId: ours.tenantId, principalId: ours.principalId }, Date.now()).replace('..', '.all.'),
    'an unknown key': () => claimsOf(ours, newClaimKey()),
    'a known name for another key': () => claimsOf(ours, { ...newClaimKey(), id: key.id }),
    'an expiry that has passed': () => claimsOf(ours, key, Date.now() - 400_000),
    'a later expiry under the old signature': () => {
      const part = claimsOf(ours, key, Date.now() - 400_000).split('.')
      return [...part.slice(0, 3), '9999999999', ...part.slice(4)].join('.')
    },
    'no signature': () => claimsOf(ours).split('.').slice(0, 5).join('.'),
    'an empty signature': () => `${claimsOf(ours).split('.').slice(0, 5).join('.')}.`,
    'a signature of zeros': () => `${claimsOf(ours).slice(0, -64)}${'0'.repeat(64)}`,
    'more parts': () => `${claimsOf(ours)}.x`,
    'the tenant alone': () => ours.tenantId,
  }
  test.each(Object.keys(forgeries))('with %s are refused', async (name) => {
    await expect(seen(forgeries[name]?.() ?? '')).rejects.toMatchObject({ code: 'CB001' })
  })

  test('cannot be made by the application role: it reads no key', async () => {
    await expect(as(ours, (tx) => tx`select * from caliber_private.claim_key`)).rejects.toMatchObject({ code: '42501' })
    await expect(as(ours, (tx) => tx`select * from caliber_private.tenant_registry`)).rejects.toMatchObject({
      code: '42501',
    })
  })
})

test('negative control: a policy that lets everybody pass when there are no claims is caught by the sweep', async () => {
  await caliber.admin.unsafe(`
    drop policy wall on caliber.event_head;
    create policy wall on caliber.event_head as restrictive using
      (tenant_id = caliber.current_tenant() or caliber.current_tenant() is null)`)
  expect(await visible(undefined, 'event_head')).not.toEqual([])
})

async function as<T>(tenant: TestTenant | undefined, work: (tx: postgres.TransactionSql) => Promise<T>): Promise<T> {
  return (await app.begin(async (tx) => {
    await tx`select set_config('role', 'caliber_app', true)`
    if (tenant) {
      await tx`select set_config('caliber.claims', ${claimsOf(tenant)}, true)`
    }
    return work(tx)
  })) as T
}

function claimsOf({ tenantId, principalId }: TestTenant, signedWith = key, atMs = Date.now()): string {
  return signClaims(signedWith, { tenantId, principalId, reach: 'all' }, atMs)
}

async function visible(tenant: TestTenant | undefined, table: string): Promise<string[]> {
  const rows = await as(tenant, (tx) => tx<{ tenant_id: string }[]>`select tenant_id from caliber.${tx(table)}`)
  return rows.map((row) => row.tenant_id)
}

/** At least one row in every table. */
async function fill(tenant: TestTenant): Promise<void> {
  const { trajectoryId } = await tenant.call<{ trajectoryId: string }>('trajectory.start', { name: 't' }, 'key')
  const { scopeId } = await tenant.call<{ scopeId: string }>('scope.open', { trajectoryId, name: 's' })
  await tenant.call('turn.append', { scopeId, turns: [{ role: 'user', content: 'hello' }] })
  await tenant.call('artifact.put', { trajectoryId, type: 'plan', name: 'a', content: 'plan' })
  const { noteId } = await tenant.call<{ noteId: string }>('note.record', { subject: 's', content: 'c' })
  await tenant.call('note.record', { subject: 's', content: 'd', sources: [{ kind: 'note', id: noteId }] })
  const { noteId: wrong } = await tenant.call<{ noteId: string }>('note.record', { subject: 's', content: 'e' })
  await tenant.call('memory.forget', { items: [wrong], reason: 'r' })
  await tenant.call('memory.revoke', { itemId: noteId, reason: 'r' })
  const { regionId } = await tenant.call<{ regionId: string }>('region.create', { name: 'r', kind: 'team' })
  const { principalId } = await tenant.call<{ principalId: string }>('principal.add', {
    kind: 'agent',
    name: 'planner',
    identities: [{ issuer: 'https://issuer.example', subject: 'planner' }],
  })
  await tenant.call('region.grant', { regionId, principalId, access: 'read' })
  await tenant.call('lock.acquire', { locks: [{ regionId }], mode: 'shared' })
  await tenant.call('context.assemble', { query: 'hello' })
  await openVectorStore(caliber.sessions, 'model', 1).keep(
    tenant.tenantId,
    new Map([[textDigest('hello'), { itemId: randomUUID(), vector: new Float32Array([1]) }]]),
    Number.MAX_SAFE_INTEGER,
  )
  await openStoredVectors(caliber.sessions, { schema: 'public' }).keep(
    tenant.tenantId,
    'model/1',
    [
      {
        itemId: randomUUID(),
        digest: textDigest('hello'),
        regionId: tenant.tenantId as RegionId,
        vector: new Float32Array([1]),
      },
    ],
    Number.MAX_SAFE_INTEGER,
  )
  await new Derivations(caliber.sessions, new Meter(caliber.sessions, { now: () => new Date() })).obtain(
    tenant.tenantId,
    {
      id: randomUUID(),
      kind: 'summary',
      regionId: tenant.tenantId,
      action: textDigest('hello'),
      model: 'model',
      sources: [],
      signal: new AbortController().signal,
    },
    async () => ({
      answer: { text: 'in short', inputTokens: 1, outputTokens: 1 },
      use: { kind: 'summary', model: 'model', calls: 1, inputTokens: 1, outputTokens: 1 },
    }),
  )
  await sweepTenant(caliber.sessions, tenant.tenantId, {
    models: {},
    signal: new AbortController().signal,
    newId: () => randomUUID(),
  })
}
