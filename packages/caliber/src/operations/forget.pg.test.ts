/** Forgetting: what was derived goes too, nothing of it is left anywhere, and the log still proves everything else. */
import { inflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { Windows } from '../derive/windows.ts'
import type { KeptWindow } from '../domain/context/window.ts'
import { callsAs, type TestCaliber, type TestTenant, testCaliber } from './testing/tenant.ts'

interface Forgotten {
  readonly items: readonly { readonly id: string; readonly kind: string }[]
  readonly receipts: readonly {
    readonly receiptId: string
    readonly entries: readonly { readonly seq: number; readonly hash: string; readonly ids: readonly string[] }[]
  }[]
  readonly windows: number
  readonly answers: number
}

interface Verified {
  readonly ok: boolean
  readonly problems: readonly { readonly what: string; readonly id: string }[]
}

let caliber: TestCaliber
let tenant: TestTenant
let trajectoryId: string
let scopeId: string
let turnIds: readonly string[]

beforeAll(async () => {
  caliber = await testCaliber()
})
afterAll(() => caliber.close())

beforeEach(async () => {
  tenant = await caliber.tenant()
  ;({ trajectoryId } = await tenant.call<{ trajectoryId: string }>('trajectory.start', { name: 'plain' }))
  ;({ scopeId } = await tenant.call<{ scopeId: string }>('scope.open', { trajectoryId, name: 'plain' }))
  turnIds = await append(['alpha heron', 'beta heron', 'gamma heron'])
})

test('an item goes with everything derived from it, whatever else that was derived from, and the rest stays', async () => {
  const [alpha = '', beta = ''] = turnIds
  const fact = await record('heron facts', [alpha, beta])
  const summary = await record('heron summary', [fact], { level: 'summary', pinned: true })
  const { artifactId } = await tenant.call<{ artifactId: string }>('artifact.put', {
    trajectoryId,
    type: 'plan',
    name: 'heron plan',
    content: 'follow it',
    provenance: { sourceTurnIds: [alpha] },
  })
  const bystander = await record('heron bystander', [beta])

  const { items } = await forget({ items: [alpha] })
  expect(items.map(({ id }) => id).sort()).toEqual([alpha, fact, summary, artifactId].sort())
  expect((await search('heron')).sort()).toEqual([beta, turnIds[2], bystander].sort())
  await expect(tenant.call('note.get', { noteId: summary })).rejects.toMatchObject({ code: 'not_found' })
  await expect(tenant.call('artifact.get', { artifactId })).rejects.toMatchObject({ code: 'not_found' })
  expect(await verify()).toMatchObject({ ok: true })
})

test('every version of a note goes with any of them', async () => {
  const first = await record('one')
  const { note } = await tenant.call<{ note: { noteId: string } }>('note.supersede', { noteId: first, content: 'two' })
  const fromFirst = await record('from the first', [first])
  const { items } = await forget({ items: [note.noteId] })
  expect(items.map(({ id }) => id).sort()).toEqual([first, note.noteId, fromFirst].sort())
})

test('selectors choose by subject, by time, by trajectory with its parts, by source, and within a region', async () => {
  const { regionId } = await tenant.call<{ regionId: string }>('region.create', { name: 'r', kind: 'private' })
  const here = await record('a', [], { subject: 'address' })
  const there = await record('b', [], { subject: 'address', regionId })
  expect(await chosen({ subject: 'address' })).toEqual([here, there].sort())
  expect(await chosen({ subject: 'address', regionId })).toEqual([there])

  const part = await tenant.call<{ trajectoryId: string }>('trajectory.start', { name: 'part', parentId: trajectoryId })
  const taught = await record('c', [], { trajectoryId: part.trajectoryId })
  expect(await chosen({ trajectoryId })).toEqual([...turnIds, taught].sort())

  const line = (at: string, content: string) => JSON.stringify({ role: 'user', content, at })
  const text = `${line('2026-01-01T00:00:00Z', 'old')}\n${line('2026-02-01T00:00:00Z', 'new')}\n`
  await tenant.call('transcript.import', { source: 'diary', text })
  expect(await chosen({ source: 'diary' })).toHaveLength(2)
  expect(await chosen({ source: 'diary', before: '2026-01-15T00:00:00Z' })).toHaveLength(1)
  expect(await chosen({ before: '2026-01-15T00:00:00Z' })).toHaveLength(1)
  expect(await chosen({ before: '2025-01-15T00:00:00Z' })).toEqual([])
  expect(await chosen({ items: [here], source: 'diary' })).toHaveLength(3)
})

test('a dry run shows what would go, and changes nothing', async () => {
  const fact = await record('heron facts', turnIds)
  const before = await everything()
  const { items } = await tenant.call<Forgotten>('memory.forget', {
    items: turnIds.slice(0, 1),
    reason: 'r',
    dryRun: true,
  })
  expect(items.map(({ id }) => id).sort()).toEqual([turnIds[0], fact].sort())
  expect(await everything()).toEqual(before)
})

describe('nothing is left', () => {
  const marker = 'Zwetschgendatschi'

  test('of a trajectory in any column of any table, in the index, or in what was kept for repeated requests', async () => {
    await plant(marker)
    const planted = await columnsWith(marker)
    // Negative control: the sweep sees the marker wherever it was put.
    expect(planted).toEqual(
      expect.arrayContaining([
        'artifact.name',
        'artifact_revision.content',
        'context_window.record',
        'idempotency.response',
        'note.content',
        'note.reason',
        'note.subject',
        'scope.name',
        'scope.purpose',
        'trajectory.goal',
        'trajectory.name',
        'trajectory.outcome',
        'trajectory.source_key',
        'turn.content',
        'turn.tool_calls',
        'turn.tool_results',
      ]),
    )
    const { receipts, windows, answers } = await forget({ source: marker })
    expect(windows).toBeGreaterThan(0)
    expect(answers).toBeGreaterThan(5)
    expect(await columnsWith(marker)).toEqual([])
    expect(await search(marker)).toEqual([])
    for (const { receiptId } of receipts) {
      expect(await tenant.call('memory.residue', { receiptId, words: marker })).toEqual({ residue: 0, places: [] })
    }
    expect(await verify()).toMatchObject({ ok: true })
  })

  test('negative control: a residue that is put back is found, in a table, in a window and in the memory', async () => {
    const [alpha = ''] = turnIds
    await record('heron facts', [alpha])
    const { receipts } = await forget({ items: [alpha] })
    const { receiptId = '' } = receipts[0] ?? {}
    const residue = (words: string) =>
      tenant.call<{ residue: number; places: { place: string }[] }>('memory.residue', { receiptId, words })
    expect(await residue('alpha')).toMatchObject({ residue: 0 })
    await caliber.admin`
      insert into caliber.lineage values (${tenant.tenantId}, gen_random_uuid(), ${alpha}, ${tenant.tenantId})`
    await record('what alpha was')
    await tenant.call('context.assemble', { query: 'alpha' })
    await vi.waitFor(async () =>
      expect((await residue('alpha')).places.map(({ place }) => place).sort()).toEqual([
        'lineage',
        'memory',
        'note',
        'the records of windows',
      ]),
    )
  })

  test('a request that is repeated after its answer was forgotten is refused, and not carried out again', async () => {
    const fields = { subject: 's', content: 'once' }
    const { noteId } = await tenant.call<{ noteId: string }>('note.record', fields, 'key')
    await forget({ items: [noteId] })
    await expect(tenant.call('note.record', fields, 'key')).rejects.toMatchObject({ code: 'idempotency_mismatch' })
    expect(await search('once')).toEqual([])
  })

  test('importing a source again does not bring back what was forgotten of it, nor a forgotten source', async () => {
    const lines = ['one', 'two', 'three'].map((content) =>
      JSON.stringify({ role: 'user', content: `egret ${content}` }),
    )
    const add = () =>
      tenant.call<{ turnsAdded: number }>('transcript.import', { source: 'birds', text: `${lines.join('\n')}\n` })
    await add()
    const [second = ''] = await search('egret two')
    await forget({ items: [second] })
    expect(await add()).toMatchObject({ turnsAdded: 0, turnsPresent: 3 })
    await forget({ source: 'birds' })
    expect(await add()).toMatchObject({ turnsAdded: 0, turnsPresent: 3 })
    lines.push(JSON.stringify({ role: 'user', content: 'egret four' }))
    expect(await add()).toMatchObject({ turnsAdded: 1, turnsPresent: 3 })
    expect(await search('egret')).toHaveLength(1)
    expect(await verify()).toMatchObject({ ok: true })
  })

  test('a window of a memory from before is not stored any more', async () => {
    const { windowId, receipt } = await tenant.call<KeptWindow>('context.assemble', { query: 'heron' })
    await vi.waitFor(async () => expect(await windowIds()).toEqual([windowId]))
    await forget({ items: turnIds.slice(0, 1) })
    const late = new Windows(caliber.sessions)
    const store = async (eventSeq: number) => {
      await late.keep(
        { ...tenant, rights: ['read'] },
        { windowId, text: 'alpha heron', messages: null, receipt: { ...receipt, eventSeq } },
        new Set(),
      )
      await late.close()
    }
    await store(receipt.eventSeq)
    expect(await windowIds()).toEqual([])
    // Negative control: one of the memory from after is.
    const other = new Windows(caliber.sessions)
    await other.keep(
      { ...tenant, rights: ['read'] },
      { windowId, text: '', messages: null, receipt: { ...receipt, eventSeq: receipt.eventSeq + 1 } },
      new Set(),
    )
    await other.close()
    expect(await windowIds()).toEqual([windowId])
  })

  test('whoever derives from an item while it is being forgotten is refused, or what they derived goes too', async () => {
    for (let round = 0; round < 5; round += 1) {
      const [source = ''] = await append([`fleeting ${round}`])
      const outcomes = await Promise.allSettled([
        ...Array.from({ length: 4 }, () => record('derived in passing', [source])),
        forget({ items: [source] }),
        ...Array.from({ length: 4 }, () => record('derived in passing', [source])),
      ])
      const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []))
      expect(refusals.every((code) => code === 'not_found')).toBe(true)
      expect(await search('derived in passing')).toEqual([])
      expect(await caliber.admin`select 1 from caliber.lineage where source_id = ${source}`).toHaveLength(0)
    }
    expect(await verify()).toMatchObject({ ok: true })
  })

  test('whoever writes beside it waits and is not turned away', async () => {
    for (let round = 0; round < 8; round += 1) {
      const noteId = await record(`note ${round}`)
      const [turnId = ''] = await append([`turn ${round}`])
      const output = { trajectoryId, type: 'plan', name: `plan ${round}`, provenance: { sourceTurnIds: [turnId] } }
      const { artifactId } = await tenant.call<{ artifactId: string }>('artifact.put', { ...output, content: 'first' })
      const text = `${JSON.stringify({ role: 'user', content: `line ${round}` })}\n`
      await tenant.call('transcript.import', { source: 'lines', text, firstLine: 1 + 2 * round })
      const outcomes = await Promise.allSettled([
        tenant.call('note.supersede', { noteId, content: 'newer' }),
        tenant.call('artifact.put', { ...output, content: 'second' }),
        append(['beside it']),
        forget({ items: [noteId, artifactId, turnId] }),
        forget({ source: 'lines' }),
        tenant.call('transcript.import', { source: 'lines', text, firstLine: 2 + 2 * round }),
        tenant.call('note.retract', { noteId, reason: 'r' }),
      ])
      const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []))
      expect(refusals.filter((code) => code !== 'not_found' && code !== 'illegal_state')).toEqual([])
    }
    expect(await verify()).toMatchObject({ ok: true })
  })

  async function plant(word: string): Promise<void> {
    const line = JSON.stringify({ role: 'user', content: `${word} said`, at: '2026-05-04T09:00:00Z' })
    const imported = await tenant.call<{ trajectoryId: string }>(
      'transcript.import',
      { source: word, text: `${line}\n` },
      'import',
    )
    const part = await tenant.call<{ trajectoryId: string }>(
      'trajectory.start',
      { name: `${word} part`, goal: `${word} goal`, parentId: imported.trajectoryId },
      'start',
    )
    const within = { trajectoryId: part.trajectoryId }
    const scope = await tenant.call<{ scopeId: string }>('scope.open', { ...within, name: word, purpose: word }, 'open')
    const call = { id: '1', name: 'look', input: { for: [word] } }
    const turns = [
      { role: 'user', content: word },
      { role: 'assistant', content: '', toolCalls: [call], toolResults: [{ callId: '1', content: word }] },
    ]
    await tenant.call('turn.append', { scopeId: scope.scopeId, turns }, 'append')
    const output = { ...within, type: 'plan', name: word }
    await tenant.call('artifact.put', { ...output, content: `${word} 1` }, 'put-1')
    await tenant.call('artifact.put', { ...output, content: `${word} 2` }, 'put-2')
    const { noteId } = await tenant.call<{ noteId: string }>(
      'note.record',
      { ...within, subject: word, content: word, pinned: true },
      'record',
    )
    await tenant.call('note.supersede', { noteId, content: `${word} again`, reason: word }, 'supersede')
    await tenant.call('trajectory.finish', { ...within, status: 'completed', summary: word }, 'finish')
    await tenant.call('context.assemble', { query: word, scopeId: scope.scopeId })
    await tenant.call('context.assemble', { query: word })
    await vi.waitFor(async () => expect(await windowIds()).toHaveLength(2))
  }
})

describe('the log', () => {
  test('accounts for what is gone: who, when, why, and by the hashes of the entries that had brought it', async () => {
    const before = await entries()
    const { receipts } = await forget({ items: turnIds.slice(0, 2), reason: 'asked to' })
    const after = await entries()
    expect(after.slice(0, before.length)).toEqual(before)
    expect(after.at(-1)).toMatchObject({
      kind: 'memory.forgotten',
      subjectId: receipts[0]?.receiptId,
      principalId: tenant.principalId,
      data: { turns: 2, artifacts: 0, notes: 0, reason: 'asked to' },
    })
    const brought = receipts[0]?.entries ?? []
    expect(brought).toEqual([{ seq: 4, hash: await hashOf(4), ids: turnIds.slice(0, 2) }])
  })

  test('verifies through forgetting after forgetting, and counts what is stored', async () => {
    const items = async () => (await tenant.call<{ items: number; bytes: number }>('tenant.get', {})).items
    const all = await items()
    for (const [i, turnId] of turnIds.entries()) {
      await forget({ items: [turnId] })
      expect(await verify()).toMatchObject({ ok: true })
      expect(await items()).toBe(all - i - 1)
      const [more = ''] = await append([`more ${i}`])
      await forget({ items: [more] })
      expect(await verify()).toMatchObject({ ok: true })
    }
    expect(await tenant.call('turn.list', { scopeId })).toMatchObject({ items: [], next: null })
    const { turns } = await tenant.call<{ turns: { sequence: number }[] }>('turn.append', {
      scopeId,
      turns: [{ role: 'user', content: 'next' }],
    })
    expect(turns[0]?.sequence).toBe(7)
  })

  const frauds: Record<string, { at: string; as: (receiptId: string) => string }> = {
    'takes another turn of the same entry': {
      at: 'event 4',
      as: () => "delete from caliber.turn where content = 'beta heron'",
    },
    'changes another turn of the same entry': {
      at: 'event 4',
      as: () => "update caliber.turn set content = 'won' where content = 'beta heron'",
    },
    'takes the record of the erasure': { at: 'event 4', as: () => 'delete from caliber.erasure' },
    'takes a turn and makes up an erasure': {
      at: 'event 4',
      as: () => `
        delete from caliber.turn where content = 'beta heron';
        insert into caliber.erasure (tenant_id, entry_seq, generation, receipt_id, region_id, subject_id, erased, items, bytes)
        select tenant_id, entry_seq, 2, gen_random_uuid(), region_id, subject_id, erased, 1, 1 from caliber.erasure`,
    },
    'takes a turn and adds it to an erasure': {
      at: 'event 5',
      as: (receiptId) => `
        delete from caliber.turn where content = 'beta heron';
        update caliber.erasure set remainder = (caliber_private.brought(tenant_id, 'turns.appended', subject_id,
          '{"firstSequence": 1, "count": 3}')).digest where receipt_id = '${receiptId}'`,
    },
    'takes the entry that accounts for it': {
      at: 'event 4',
      as: () => "delete from caliber.event where kind = 'memory.forgotten'",
    },
  }
  test.each(Object.keys(frauds))('finds who %s', async (name) => {
    const fraud = frauds[name]
    const { receipts } = await forget({ items: turnIds.slice(0, 1) })
    await record('goes on')
    expect(await verify()).toMatchObject({ ok: true })
    await tamper(fraud?.as(receipts[0]?.receiptId ?? '') ?? '')
    const { ok, problems } = await verify()
    expect(ok).toBe(false)
    expect(problems[0]).toMatchObject({ id: fraud?.at })
  })

  test('is compared first: what was changed behind it cannot be covered by forgetting what stood beside it', async () => {
    await tamper("update caliber.turn set content = 'won' where content = 'beta heron'")
    await expect(forget({ items: turnIds.slice(0, 1) })).rejects.toMatchObject({ code: 'integrity' })
    expect(await search('alpha')).toContain(turnIds[0])
  })
})

describe('who may', () => {
  test('nobody without the right to administer, and no narrowed credential beyond its regions', async () => {
    const member = await tenant.member()
    await expect(member.call('memory.forget', { items: turnIds, reason: 'r' })).rejects.toMatchObject({
      code: 'forbidden',
    })
    const { regionId } = await tenant.call<{ regionId: string }>('region.create', { name: 'r', kind: 'private' })
    const narrowed = callsAs({ ...tenant, rights: ['write', 'admin'], regions: [regionId] }, caliber.runtime)
    await expect(narrowed.call('memory.forget', { items: turnIds, reason: 'r' })).rejects.toMatchObject({
      code: 'not_found',
    })
    expect(await search('heron')).toHaveLength(3)
  })

  test('nobody whose forgetting would reach what they may not write: it names no id, and changes nothing', async () => {
    const member = await tenant.member()
    const { regionId } = await member.call<{ regionId: string }>('region.create', { name: 'r', kind: 'private' })
    const sources = [{ kind: 'turn', id: turnIds[0] }]
    const { noteId } = await member.call<{ noteId: string }>('note.record', {
      subject: 's',
      content: 'c',
      sources,
      regionId,
    })
    const before = await everything()
    for (const dryRun of [true, false]) {
      const refusal = await tenant
        .call('memory.forget', { items: [turnIds[0]], reason: 'r', dryRun })
        .catch((error: unknown) => error)
      expect(refusal).toMatchObject({ code: 'forbidden', detail: {} })
      expect(String(refusal)).not.toContain(noteId)
    }
    expect(await everything()).toEqual(before)
  })

  test('in a region under a lock rule, nobody without its fence', async () => {
    const { regionId } = await tenant.call<{ regionId: string }>('region.create', {
      name: 'r',
      kind: 'collaborative',
      writeRule: 'lock',
    })
    const { leases } = await tenant.call<{ leases: { fence: number }[] }>('lock.acquire', { locks: [{ regionId }] })
    const fences = [`${regionId}:${leases[0]?.fence}`]
    const fields = { subject: 's', content: 'guarded', regionId }
    const { noteId } = await tenant.call<{ noteId: string }>('note.record', fields, undefined, fences)
    const input = { items: [noteId], reason: 'r' }
    await expect(tenant.call('memory.forget', input)).rejects.toMatchObject({ code: 'fence_stale' })
    expect(await search('guarded')).toEqual([noteId])
    await tenant.call('memory.forget', input, undefined, fences)
    expect(await search('guarded')).toEqual([])
  })

  test('not what another tenant has, and not before it was said', async () => {
    const other = await caliber.tenant()
    await expect(other.call('memory.forget', { items: turnIds, reason: 'r' })).rejects.toMatchObject({
      code: 'not_found',
    })
    await expect(forget({ before: '2999-01-01T00:00:00Z' })).rejects.toMatchObject({ code: 'invalid_input' })
    await expect(forget({})).rejects.toMatchObject({ code: 'invalid_input' })
  })
})

async function append(contents: readonly string[]): Promise<readonly string[]> {
  const turns = contents.map((content) => ({ role: 'user', content }))
  const appended = await tenant.call<{ turns: { turnId: string }[] }>('turn.append', { scopeId, turns })
  return appended.turns.map(({ turnId }) => turnId)
}

async function record(content: string, sources: readonly string[] = [], fields: object = {}): Promise<string> {
  const kinds = await Promise.all(
    sources.map(async (id) => ({ kind: turnIds.includes(id) || !(await isNote(id)) ? 'turn' : 'note', id })),
  )
  const note = { subject: 's', content, sources: kinds, ...fields }
  return (await tenant.call<{ noteId: string }>('note.record', note)).noteId
}

async function isNote(id: string): Promise<boolean> {
  return (await caliber.admin`select 1 from caliber.note where id = ${id}`).length > 0
}

function forget(input: object): Promise<Forgotten> {
  return tenant.call<Forgotten>('memory.forget', { reason: 'a test', ...input })
}

async function chosen(selectors: object): Promise<readonly string[]> {
  const input = { ...selectors, reason: 'r', dryRun: true }
  return (await tenant.call<Forgotten>('memory.forget', input)).items.map(({ id }) => id).sort()
}

async function search(query: string): Promise<string[]> {
  return (await tenant.call<{ items: { id: string }[] }>('memory.search', { query })).items.map(({ id }) => id)
}

function verify(): Promise<Verified> {
  return tenant.call<Verified>('memory.verify', {})
}

async function windowIds(): Promise<readonly string[]> {
  const rows = await caliber.admin<{ id: string }[]>`
    select id from caliber.context_window where tenant_id = ${tenant.tenantId} and id <> repeat('0', 64)`
  return rows.map(({ id }) => id)
}

async function entries(): Promise<readonly object[]> {
  return (await tenant.call<{ items: object[] }>('event.since', {})).items
}

async function hashOf(seq: number): Promise<string | undefined> {
  const [entry] = await caliber.admin<{ hash: string }[]>`
    select encode(hash, 'hex') as hash from caliber.event where tenant_id = ${tenant.tenantId} and seq = ${seq}`
  return entry?.hash
}

/** Every row of every table of this tenant. */
async function everything(): Promise<readonly unknown[]> {
  const tables = await tablesOfTenants()
  return Promise.all(
    tables.map((name) =>
      caliber.admin.unsafe(
        `select to_jsonb(x) from caliber.${name} x where tenant_id = '${tenant.tenantId}' order by 1`,
      ),
    ),
  )
}

async function tablesOfTenants(): Promise<readonly string[]> {
  const found = await caliber.admin<{ name: string }[]>`
    select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'caliber' and c.relkind in ('r', 'p') order by 1`
  return found.map(({ name }) => name)
}

/** The columns that hold a word anywhere: as text, as octets, deflated. From the catalog, so that no new one is left out. */
async function columnsWith(word: string): Promise<readonly string[]> {
  const columns = await caliber.admin<{ table: string; column: string; type: string }[]>`
    select table_name as "table", column_name as "column", udt_name as type from information_schema.columns
    where table_schema = 'caliber' and udt_name in ('text', '_text', 'jsonb', 'json', 'bytea', '_bytea', 'varchar', 'tsvector')
    order by 1, 2`
  expect(columns.length).toBeGreaterThan(50)
  const holding: string[] = []
  for (const { table, column, type } of columns) {
    const rows = await caliber.admin.unsafe<{ value: unknown }[]>(
      `select ${type === 'bytea' ? column : `${column}::text`} as value from caliber.${table}
       where tenant_id = '${tenant.tenantId}' and ${column} is not null`,
    )
    if (rows.some(({ value }) => readings(value).some((text) => text.includes(word))))
      holding.push(`${table}.${column}`)
  }
  return holding
}

function readings(value: unknown): readonly string[] {
  if (!(value instanceof Uint8Array)) return [String(value)]
  const octets = Buffer.from(value)
  try {
    return [octets.toString('latin1'), inflateRawSync(octets).toString()]
  } catch {
    return [octets.toString('latin1')]
  }
}

/** Statements of a superuser on this tenant's rows alone, past constraints and triggers. */
async function tamper(statements: string): Promise<void> {
  await caliber.admin.begin(async (sql) => {
    await sql`set local session_replication_role = replica`
    for (const one of statements.split(';')) {
      await sql.unsafe(`${one} ${one.includes('where') ? 'and' : 'where'} tenant_id = '${tenant.tenantId}'`)
    }
  })
}
