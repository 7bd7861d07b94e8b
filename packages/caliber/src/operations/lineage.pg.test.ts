/** Lineage: what was made from what, written with the item, and upheld by the database. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { migrate, shippedMigrations } from '../db/migrate.ts'
import { testDatabase } from '../db/testing/database.ts'
import { linkedItems } from './memory/linkedItems.ts'
import { type TestCaliber, type TestPrincipal, type TestTenant, testCaliber } from './testing/tenant.ts'

let caliber: TestCaliber
let tenant: TestTenant
let trajectoryId: string
let turnIds: readonly string[]
let recorded = 0

beforeAll(async () => {
  caliber = await testCaliber()
  tenant = await caliber.tenant()
  ;({ trajectoryId } = await tenant.call<{ trajectoryId: string }>('trajectory.start', { name: 't' }))
  const { scopeId } = await tenant.call<{ scopeId: string }>('scope.open', { trajectoryId, name: 's' })
  const { turns } = await tenant.call<{ turns: { turnId: string }[] }>('turn.append', {
    scopeId,
    turns: [
      { role: 'user', content: 'one' },
      { role: 'user', content: 'two' },
    ],
  })
  turnIds = turns.map(({ turnId }) => turnId)
})
afterAll(() => caliber.close())

test('a note is derived from its sources, and from the note that it replaces', async () => {
  const noteId = await record({ sources: turnIds.map((id) => ({ kind: 'turn', id })) })
  expect(await sourcesOf(noteId)).toEqual([...turnIds].sort())
  const summary = await record({ sources: [{ kind: 'note', id: noteId }] })
  expect(await sourcesOf(summary)).toEqual([noteId])
  const { note } = await tenant.call<{ note: { noteId: string } }>('note.supersede', { noteId, content: 'newer' })
  expect(await sourcesOf(note.noteId)).toEqual([noteId])
  expect(await sourcesOf(await record({}))).toEqual([])
})

test('a search reaches what an item was made from and what was made from it, as far as they are open', async () => {
  const own = await caliber.tenant()
  const { regionId } = await own.call<{ regionId: string }>('region.create', { name: 'own', kind: 'private' })
  const note = async (content: string, sources: readonly string[] = [], fields = {}) => {
    const input = { type: 'fact', subject: content, content: `herring ${content}`, ...fields }
    const of = { sources: sources.map((id) => ({ kind: 'note', id })) }
    return (await own.call<{ noteId: string }>('note.record', { ...input, ...of })).noteId
  }
  const [root, other] = [await note('root'), await note('other')]
  const middle = await note('middle', [root])
  const hidden = await note('hidden', [middle], { regionId })
  const leaf = await note('leaf', [hidden])
  await note('beside', [root, other])
  const found = async (caller: TestPrincipal, linkedTo: string) => {
    const { items } = await caller.call<{ items: { id: string; text: string }[] }>('memory.search', {
      query: 'herring',
      linkedTo,
    })
    return items.map(({ text }) => text.split(':')[0]).sort()
  }
  expect(await found(own, middle)).toEqual(['hidden', 'leaf', 'root'])
  expect(await found(own, root)).toEqual(['beside', 'hidden', 'leaf', 'middle'])
  expect(await found(own, leaf)).toEqual(['hidden', 'middle', 'root'])
  const stranger = await own.member()
  expect(await found(stranger, middle)).toEqual(['root'])
  expect(await found(stranger, leaf)).toEqual([])
  await expect(found(stranger, hidden)).rejects.toMatchObject({ code: 'not_found' })
  await expect(found(tenant, root)).rejects.toMatchObject({ code: 'not_found' })
})

test('a search along lineage reads no table whole, though many items come of one', async () => {
  const own = await caliber.tenant()
  let made = 0
  const recordOf = async (...sources: readonly string[]) => {
    const of = { sources: sources.map((id) => ({ kind: 'note', id })) }
    return (
      await own.call<{ noteId: string }>('note.record', {
        type: 'fact',
        subject: 's',
        content: `c ${(made += 1)}`,
        ...of,
      })
    ).noteId
  }
  const hub = await recordOf()
  await caliber.admin`
    insert into caliber.lineage (tenant_id, derived_id, source_id, region_id)
    select ${own.tenantId}, gen_random_uuid(), ${hub}, ${own.tenantId} from generate_series(1, 20000)`
  const chain = [await recordOf()]
  for (let i = 0; i < 5; i += 1) chain.push(await recordOf(chain.at(-1) ?? ''))
  await caliber.admin`analyze caliber.lineage`
  const { linked, read } = await caliber.sessions.run({ ...own, reach: 'all' }, async (sql) => {
    const linked = await linkedItems(sql, chain[0] ?? '')
    const [read] = await sql<{ rows: number }>`
      select seq_tup_read + idx_tup_fetch as rows from pg_stat_xact_all_tables where relid = 'caliber.lineage'::regclass`
    return { linked, read }
  })
  expect([...linked].sort()).toEqual(chain.slice(1).sort())
  expect(Number(read?.rows)).toBeLessThan(100)
})

test('an artifact is derived from the turns of all its revisions', async () => {
  const put = (content: string, sourceTurnIds: readonly string[]) =>
    tenant.call<{ artifactId: string }>('artifact.put', {
      trajectoryId,
      type: 'plan',
      name: 'a',
      content,
      provenance: { sourceTurnIds },
    })
  await put('first', turnIds.slice(0, 1))
  const { artifactId } = await put('second', turnIds.slice(1))
  expect(await sourcesOf(artifactId)).toEqual([...turnIds].sort())
})

describe('the database refuses', () => {
  test('a source that is not there, or is of another tenant, or that the writer may not read', async () => {
    const other = await caliber.tenant()
    const { noteId: foreign } = await other.call<{ noteId: string }>('note.record', { subject: 's', content: 'c' })
    const { regionId } = await tenant.call<{ regionId: string }>('region.create', { name: 'r', kind: 'private' })
    const hidden = await record({ regionId })
    const member = await tenant.member()
    for (const id of ['01890a5d-ac96-774b-bcce-b302099a8057', foreign, hidden]) {
      const sources = [{ kind: 'note', id }]
      await expect(member.call('note.record', { subject: 's', content: 'c', sources })).rejects.toMatchObject({
        code: 'not_found',
      })
      // Past the operation's own check: the statement that it would have made.
      await expect(
        caliber.sessions.run(
          member,
          (sql) => sql`
            insert into caliber.note (tenant_id, id, region_id, type, subject, content, level, confidence, pinned, sources,
                                      token_count, status, recorded_by)
            values (caliber.current_tenant(), gen_random_uuid(), caliber.current_tenant(), 'fact', 's', 'c', 'raw', 1, false,
                    jsonb_build_array(jsonb_build_object('kind', 'note', 'id', ${id}::text)), 1, 'live', caliber.current_principal())`,
        ),
      ).rejects.toMatchObject({ code: 'not_found' })
    }
  })

  test('rows of lineage that are written by hand, changed or taken away', async () => {
    const as = <T>(work: Parameters<typeof caliber.sessions.run<T>>[1]) =>
      caliber.sessions.run({ tenantId: tenant.tenantId, principalId: tenant.principalId, reach: 'all' }, work)
    const refused = { code: 'forbidden' }
    await expect(as((sql) => sql`delete from caliber.lineage`)).rejects.toMatchObject(refused)
    await expect(as((sql) => sql`update caliber.lineage set source_id = derived_id`)).rejects.toMatchObject(refused)
    await expect(
      as(
        (sql) => sql`
          insert into caliber.lineage values (caliber.current_tenant(), gen_random_uuid(), gen_random_uuid(), caliber.current_tenant())`,
      ),
    ).rejects.toMatchObject(refused)
  })
})

test('lineage is seen by readers of the region where the derived item lives', async () => {
  const member = await tenant.member()
  const { regionId } = await tenant.call<{ regionId: string }>('region.create', { name: 'r', kind: 'private' })
  const noteId = await record({ regionId, sources: [{ kind: 'turn', id: turnIds[0] }] })
  const seenBy = (principal: { tenantId: string; principalId: string }) =>
    caliber.sessions.run(
      principal,
      (sql) => sql`select 1 from caliber.lineage where tenant_id = caliber.current_tenant() and derived_id = ${noteId}`,
    )
  expect(await seenBy(tenant)).toHaveLength(1)
  expect(await seenBy(member)).toHaveLength(0)
})

test('what was written before there was lineage gets its rows when the schema is brought up to date', async () => {
  const shipped = await shippedMigrations()
  const old = await testDatabase({ migrated: false })
  const [ten, person, turn, note, newer] = Array.from(
    { length: 5 },
    (_, i) => `01890a5d-ac96-774b-bcce-b302099a800${i}`,
  )
  try {
    await migrate(
      old.database,
      shipped.filter(({ version }) => version < 14),
    )
    await old.admin.unsafe(`
      set session_replication_role = replica;
      insert into caliber.tenant (tenant_id, name) values ('${ten}', 't');
      insert into caliber.principal (tenant_id, id, kind, name, rights) values ('${ten}', '${person}', 'agent', 'a', '{}');
      insert into caliber.region (tenant_id, id, name, kind, write_rule) values ('${ten}', '${ten}', 'common', 'collaborative', 'free');
      insert into caliber.turn (tenant_id, id, region_id, scope_id, sequence, role, content, token_count, said_at)
      values ('${ten}', '${turn}', '${ten}', '${turn}', 1, 'user', 'x', 1, now());
      insert into caliber.note (tenant_id, id, region_id, type, subject, content, level, confidence, pinned, sources, token_count, status,
                                superseded_by, recorded_by)
      values ('${ten}', '${note}', '${ten}', 'fact', 's', 'c', 'raw', 1, false,
              '[{"kind":"turn","id":"${turn}"},{"kind":"turn","id":"${person}"}]', 1, 'superseded', '${newer}', '${person}'),
             ('${ten}', '${newer}', '${ten}', 'fact', 's', 'c', 'raw', 1, false, '[]', 1, 'live', null, '${person}');`)
    await migrate(old.database)
    const rows = await old.admin`select derived_id as derived, source_id as source from caliber.lineage order by 1`
    expect([...rows]).toEqual([
      { derived: note, source: turn },
      { derived: newer, source: note },
    ])
  } finally {
    await old.close()
  }
})

async function record(fields: object): Promise<string> {
  recorded += 1
  const note = { subject: 's', content: `note ${recorded}`, ...fields }
  const { noteId } = await tenant.call<{ noteId: string }>('note.record', note)
  return noteId
}

async function sourcesOf(derivedId: string): Promise<readonly string[]> {
  const rows = await caliber.admin<{ id: string }[]>`
    select source_id as id from caliber.lineage where derived_id = ${derivedId} order by 1`
  return rows.map(({ id }) => id)
}
