/** Functions and triggers of the database, called as the roles that serve: what each must do and must refuse. */
import { randomUUID } from 'node:crypto'
import { type Attempt, type Outcome, quoted } from './breach.ts'
import { mayRead, mayWrite } from './model.ts'
import type { Town } from './siege.ts'
import type { Standing } from './tableRules.ts'

/** Everything that is tried on functions and triggers. */
export function guardAttempts(town: Town): readonly Attempt[] {
  const cast = castOf(town)
  return [
    ...regionGuards(town),
    ...fenceGuards(cast),
    ...lockGuards(cast),
    ...lineageGuards(cast),
    ...forgettingGuards(cast),
    ...distrustGuards(cast),
    ...logGuards(cast),
    ...tenantGuards(cast),
  ]
}

function regionGuards({ standings, facts }: Town): readonly Attempt[] {
  const serving = standings.filter(({ role, viewer }) => role === 'caliber_app' && viewer)
  return serving.flatMap((as) =>
    [false, true].map((writing) => {
      const may = writing ? mayWrite : mayRead
      const { viewer, reachesAll } = as
      const open = [...facts.regions.values()].filter(
        (region) => viewer && (reachesAll ? region.tenantId === viewer.tenantId : may(viewer, region)),
      )
      const command = `select to_jsonb(array(select id::text from unnest(caliber.open_regions(${writing})) id order by 1))`
      return guard(
        as,
        `regions open for ${writing ? 'writing' : 'reading'}`,
        [command],
        says(open.map(({ regionId }) => regionId).sort()),
      )
    }),
  )
}

/** Each statement that changes content of the locked region: with its fence, without, with wrong ones, as somebody else. */
function fenceGuards({ first: { tenantId, regions, fence }, owner, writer, ownerRole }: Cast): readonly Attempt[] {
  const here = `tenant_id = '${tenantId}' and region_id = '${regions.locked}'`
  const stale = `${regions.locked}:${Number(fence.split(':')[1]) + 1},${fence.replace(regions.locked, regions.open)}`
  const under = (fences: string) => `select set_config('caliber.fences', '${fences}', true)`
  const changed = content.flatMap(({ table, update, columns, values }) => {
    const statement = update === undefined ? [] : [`update caliber.${table} set ${update} = ${update} where ${here}`]
    const insertion = `insert into caliber.${table} (tenant_id, region_id, ${columns})
                       select tenant_id, region_id, ${values} from caliber.${table} where ${here} limit 1`
    return [...statement, insertion].map((each) => ({ table, command: `with done as (${each}) select to_jsonb(1)` }))
  })
  // What the role that serves is not granted is refused to functions of the owner as well.
  const beyondGrants = content.flatMap(({ table, column, columns, values }) => {
    const fresh = `insert into caliber.${table} (tenant_id, region_id, ${columns})
                   select tenant_id, region_id, ${values} from caliber.${table} where ${here} limit 1`
    // Not the largest ctid: a vacuum may have made room for the fresh row before others.
    const newest = `(select ctid from caliber.${table} where ${here} order by age(xmin) limit 1)`
    return [
      guard(
        ownerRole,
        `deletes from ${table} in a locked region without a fence`,
        [
          under(fence),
          fresh,
          under(''),
          `with done as (delete from caliber.${table} where ctid = ${newest}) select to_jsonb(1)`,
        ],
        isRefused('CB002'),
      ),
      guard(
        ownerRole,
        `updates ${table} in a locked region without a fence`,
        [`with done as (update caliber.${table} set ${column} = ${column} where ${here}) select to_jsonb(1)`],
        isRefused('CB002'),
      ),
    ]
  })
  return [
    ...changed.flatMap(({ table, command }) => [
      guard(owner, `changes ${table} under the fence`, [under(fence), command], passes),
      guard(owner, `changes ${table} without a fence`, [command], isRefused('CB002')),
      guard(owner, `changes ${table} under stale fences`, [under(stale), command], isRefused('CB002')),
      guard(writer, `changes ${table} under another's fence`, [under(fence), command], isRefused('CB002')),
    ]),
    ...beyondGrants,
  ]
}

interface Content {
  readonly table: string
  /** A column that the role that serves may update, and one that any row has. */
  readonly update?: string
  readonly column: string
  readonly columns: string
  readonly values: string
}

const content: readonly Content[] = [
  {
    table: 'trajectory',
    update: 'status',
    column: 'status',
    columns: 'id, depth, name, status, created_by',
    values: `gen_random_uuid(), 0, 'x', 'active', created_by`,
  },
  {
    table: 'scope',
    update: 'status',
    column: 'status',
    columns: 'id, trajectory_id, name, budget_tokens, status',
    values: `gen_random_uuid(), trajectory_id, 'x', 1, 'open'`,
  },
  {
    table: 'turn',
    column: 'role',
    columns: 'id, scope_id, sequence, role, content, token_count, said_at',
    values: `gen_random_uuid(), scope_id, 9999, 'user', 'x', 1, now()`,
  },
  {
    table: 'artifact',
    update: 'revision',
    column: 'revision',
    columns: 'id, trajectory_id, type, name',
    values: `gen_random_uuid(), trajectory_id, 'plan', 'another'`,
  },
  {
    table: 'artifact_revision',
    column: 'revision',
    columns: 'artifact_id, revision, content, token_count, provenance, created_by',
    values: `artifact_id, 9999, 'x', 1, '{}', created_by`,
  },
  {
    table: 'note',
    update: 'status',
    column: 'status',
    columns: 'id, type, subject, content, level, confidence, pinned, sources, token_count, status, recorded_by',
    values: `gen_random_uuid(), 'fact', 'x', 'x', 'raw', 1, false, '[]', 1, 'live', recorded_by`,
  },
  {
    table: 'conflict',
    update: 'status',
    column: 'status',
    columns: 'id, older_id, newer_id, finding, status',
    values: `gen_random_uuid(), older_id, newer_id, 'x', 'open'`,
  },
]

function lockGuards({ first, second, nobody, owner, reader, writer, narrowed }: Cast): readonly Attempt[] {
  const { team, hidden, locked, open } = first.regions
  const acquire = (regionId: string, exclusive: boolean, ttlMs = 60_000) =>
    `select to_jsonb(fence is not null) from caliber.acquire_lock('${regionId}', 'siege', ${exclusive}, ${ttlMs})`
  const renew = (shown: string, ttlMs: number) => {
    const [regionId, fence] = shown.split(':')
    return `select to_jsonb(caliber.renew_lock('${regionId}', '*', ${fence}, ${ttlMs}) is not null)`
  }
  return [
    guard(writer, 'locks a region that it writes', [acquire(team, true)], says(true)),
    guard(reader, 'shares a lock of a region that it reads', [acquire(team, false)], says(true)),
    guard(reader, 'locks a region that it only reads', [acquire(team, true)], isRefused('42501')),
    guard(owner, 'shares a lock of a hidden region', [acquire(hidden, false)], isRefused('42501')),
    guard(owner, 'shares a lock of another tenant', [acquire(second.regions.open, false)], isRefused('42501')),
    guard(nobody, 'shares a lock', [acquire(open, false)], isRefused('42501')),
    guard(narrowed, 'shares a lock beyond its narrowing', [acquire(open, false)], isRefused('42501')),
    guard(owner, 'takes a lease longer than leases are', [acquire(open, true, 300_001)], isRefused('22023')),
    guard(
      writer,
      'takes a lease that is held',
      [`select to_jsonb(fence is null) from caliber.acquire_lock('${locked}', '*', true, 1)`],
      says(true),
    ),
    guard(owner, 'extends its own lease', [renew(first.fence, 60_000)], says(true)),
    guard(
      narrowed,
      "extends its principal's lease of a region that it does not open",
      [renew(first.fence, 60_000)],
      says(false),
    ),
    guard(writer, "extends another's lease", [renew(first.fence, 60_000)], says(false)),
    guard(writer, "releases another's lease", [renew(first.fence, 0)], says(false)),
    guard(owner, "releases another tenant's lease", [renew(second.fence, 0)], says(false)),
  ]
}

/** What is derived says from what, whoever writes it, and from nothing that its writer may not read. */
function lineageGuards({ first: { tenantId, regions }, owner }: Cast): readonly Attempt[] {
  const [derived, replacement] = [randomUUID(), randomUUID()]
  const note = (id: string, sources = `'[]'`) => `
    insert into caliber.note (tenant_id, id, region_id, type, subject, content, level, confidence, pinned, sources, token_count, status, recorded_by)
    values ('${tenantId}', '${id}', '${regions.common}', 'fact', 'x', 'x', 'raw', 1, false, ${sources}, 1, 'live', caliber.current_principal())`
  const turnIn = (region: string) => `(select id from caliber.turn where region_id = '${region}' limit 1)`
  const from = (turn: string) => `jsonb_build_array(jsonb_build_object('kind', 'turn', 'id', ${turn}))`
  const rows = (item: string) => `select to_jsonb(count(*)) from caliber.lineage where derived_id = ${item}`
  const revision = `
    insert into caliber.artifact_revision (tenant_id, region_id, artifact_id, revision, content, token_count, provenance, created_by)
    select tenant_id, region_id, id, 9999, 'x', 1, jsonb_build_object('sourceTurnIds', jsonb_build_array(${turnIn(regions.common)})), caliber.current_principal()
    from caliber.artifact where region_id = '${regions.common}' limit 1`
  // Every turn of the world is trusted by half.
  const trustOf = (made: string) => `select to_jsonb(trust) from ${made}`
  return [
    guard(
      owner,
      'records a note that is trusted no more than its source',
      [note(derived, from(turnIn(regions.common))), trustOf(`caliber.note where id = '${derived}'`)],
      says(0.5),
    ),
    guard(
      owner,
      'revises an artifact that is trusted no more than its turn',
      [revision, trustOf('caliber.artifact_revision where revision = 9999 limit 1')],
      says(0.5),
    ),
    guard(
      owner,
      'records a note with a source',
      [note(derived, from(turnIn(regions.common))), rows(`'${derived}'`)],
      says(1),
    ),
    guard(
      owner,
      'replaces a note',
      [
        note(derived),
        note(replacement),
        `update caliber.note set status = 'superseded', superseded_by = '${replacement}', ended_at = now() where id = '${derived}'`,
        rows(`'${replacement}'`),
      ],
      says(1),
    ),
    guard(
      owner,
      'revises an artifact from a turn',
      [revision, rows(`(select artifact_id from caliber.artifact_revision where revision = 9999 limit 1)`)],
      says(1),
    ),
    guard(
      owner,
      'derives a note from one that is not there',
      [`with done as (${note(derived, from(`'${randomUUID()}'::uuid`))}) select to_jsonb(1)`],
      isRefused('23503'),
    ),
  ]
}

/** Content is erased by one function, within what the claims may write, and accounted for once. */
function forgettingGuards({ first, second, nobody, owner, reader, narrowed }: Cast): readonly Attempt[] {
  const { regions } = first
  const turnsOf = (region: string) => `array(select id from caliber.turn where region_id = '${region}')`
  const hiddenTurns = (region: string) => [
    `select set_config('role', 'none', true)`,
    `select set_config('isolation.ids', ${turnsOf(region)}::text, true)`,
    `select set_config('role', 'caliber_app', true)`,
  ]
  const receipt = randomUUID()
  const erase = (region: string, ids = `current_setting('isolation.ids')::uuid[]`) =>
    `select to_jsonb(e) from caliber.erase(${ids}, '{}', '{"${region}": "${receipt}"}') e`
  const accounts = append({ kind: 'memory.forgotten', subjectId: receipt, regionId: regions.common, data: {} })
  const erases = erase(regions.common, turnsOf(regions.common))
  const beyond = (as: Standing, name: string, region: string) =>
    guard(as, `erases turns of ${name}`, [...hiddenTurns(region), erase(region)], isRefused('CB004'))
  return [
    guard(
      owner,
      'erases what it may write, in windows and answers as well',
      [
        `select set_config('isolation.said', (select to_jsonb(windows > 0 and answers > 0) from (${erases.replace('to_jsonb(e)', '*')}) e)::text, true)`,
        `select current_setting('isolation.said')::jsonb`,
      ],
      says(true),
    ),
    guard(
      owner,
      'sees nothing more of it',
      [erases, accounts, `select to_jsonb(count(*)) from caliber.turn where region_id = '${regions.common}'`],
      says(0),
    ),
    guard(owner, 'accounts twice for what it erased', [erases, accounts, accounts], isRefused('42501')),
    guard(owner, 'accounts for what it did not erase', [accounts], isRefused('42501')),
    guard(
      owner,
      'erases in a locked region without a fence',
      [...hiddenTurns(regions.locked), erase(regions.locked)],
      isRefused('CB002'),
    ),
    guard(nobody, 'erases', [erase(regions.common, "'{}'")], isRefused('42501')),
    beyond(owner, 'a hidden region', regions.hidden),
    beyond(reader, 'a region that it only reads', regions.team),
    beyond(narrowed, 'a region beyond its narrowing', regions.common),
    guard(
      owner,
      'erases turns of another tenant',
      [...hiddenTurns(second.regions.common), erase(second.regions.common)],
      says({ answers: 0, windows: 0 }),
    ),
  ]
}

/** What a distrusted principal writes, and what is derived from what is set aside, is set aside; what is erased is not. */
function distrustGuards({ first: { tenantId, regions }, owner, server }: Cast): readonly Attempt[] {
  const distrust = randomUUID()
  const here = `tenant_id = '${tenantId}' and region_id = '${regions.common}'`
  const asSuperuser = (...commands: readonly string[]) => [
    `select set_config('role', 'none', true)`,
    ...commands,
    `select set_config('role', 'caliber_app', true)`,
  ]
  const distrusting = (column: string, value: string) =>
    `insert into caliber.distrust (tenant_id, id, ${column}, reason, revoked_by)
     select '${tenantId}', '${distrust}', ${value}, 'x', caliber.current_principal()`
  const turn = `(select id from caliber.turn where ${here} order by id limit 1)`
  const setAside = [
    distrusting('item_id', turn),
    `insert into caliber.quarantine select '${tenantId}', ${turn}, '${distrust}', '${regions.common}'`,
  ]
  const held = `select to_jsonb(count(*)) from caliber.quarantine where distrust_id = '${distrust}'`
  const born = content
    .filter(({ table }) => ['turn', 'artifact_revision', 'note'].includes(table))
    .map(({ table, columns, values }) => {
      const mine = values.replace(/created_by|recorded_by/, 'caliber.current_principal()')
      const command = `insert into caliber.${table} (tenant_id, region_id, ${columns})
                       select tenant_id, region_id, ${mine} from caliber.${table} where ${here} limit 1`
      const distrusted = asSuperuser(distrusting('principal_id', 'caliber.current_principal()'))
      return guard(owner, `writes ${table} while it is distrusted`, [...distrusted, command, held], says(1))
    })
  const derive = `
    insert into caliber.note (tenant_id, id, region_id, type, subject, content, level, confidence, pinned, sources, token_count, status, recorded_by)
    select '${tenantId}', '${randomUUID()}', '${regions.common}', 'fact', 'x', 'x', 'raw', 1, false,
           jsonb_build_array(jsonb_build_object('kind', 'turn', 'id', ${turn})), 1, 'live', caliber.current_principal()`
  const erase = `
    select to_jsonb(e) from caliber.erase(array[${turn}], '{}', '{"${regions.common}": "${randomUUID()}"}') e`
  const revoke = `select to_jsonb(count(*)) from caliber.distrust_source('${distrust}', ${turn}, null, null, 'x')`
  return [
    ...born,
    guard(owner, 'derives from what is set aside', [...asSuperuser(...setAside), derive, held], says(2)),
    guard(owner, 'erases what is set aside', [...asSuperuser(...setAside), erase, held], says(0)),
    guard(server, 'distrusts an item', [revoke], says(1)),
    guard(owner, 'distrusts an item', [revoke], isRefused('42501')),
    guard(
      owner,
      'restores what is distrusted',
      [`select to_jsonb(count(*)) from caliber.trust_again('${distrust}')`],
      isRefused('42501'),
    ),
  ]
}

function logGuards({ first, second, nobody, owner, server }: Cast): readonly Attempt[] {
  const { tenantId, regions } = first
  const noteId = randomUUID()
  const record = `insert into caliber.note (tenant_id, id, region_id, type, subject, content, level, confidence, pinned, sources, token_count, status, recorded_by)
    values ('${tenantId}', '${noteId}', '${regions.common}', 'fact', 'x', 'x', 'raw', 1, false, '[]', 1, 'live', caliber.current_principal())`
  const noted = append({ kind: 'note.recorded', subjectId: noteId, regionId: regions.common, data: { type: 'fact' } })
  const brings = (command: string, kind: string) => [
    command,
    `select to_jsonb(content_digest is not null and tenant_id = caliber.current_tenant() and principal_id = caliber.current_principal())
     from caliber.event where kind = '${kind}' order by seq desc limit 1`,
  ]
  const again = (
    kind: string,
  ) => `select caliber.append_events(jsonb_build_array(jsonb_build_object('kind', kind, 'subjectId', subject_id, 'regionId', region_id, 'data', data)))
     from caliber.event where kind = '${kind}' and region_id = '${regions.common}' order by seq desc limit 1`
  const asSuperuser = (command: string) => [
    `select set_config('role', 'none', true)`,
    command,
    `select set_config('role', 'caliber_app', true)`,
  ]
  const tamper = asSuperuser(
    `update caliber.note set content = content || '!' where tenant_id = '${tenantId}' and region_id = '${regions.common}'`,
  )
  const broken = [...tamper, 'select to_jsonb(count(*) > 0) from caliber.verify_events(1, 100000)']
  const elsewhere = (regionId: string) => [append({ kind: 'lock.extended', subjectId: regionId, regionId, data: {} })]
  return [
    guard(owner, 'brings a note into the chain', [record, ...brings(noted, 'note.recorded')], says(true)),
    guard(owner, 'brings turns into the chain', brings(again('turns.appended'), 'turns.appended'), says(true)),
    guard(owner, 'brings a revision into the chain', brings(again('artifact.revised'), 'artifact.revised'), says(true)),
    guard(
      owner,
      'stores beyond the limit of the tenant',
      [...asSuperuser(`update caliber.tenant set max_items = 1 where tenant_id = '${tenantId}'`), record, noted],
      isRefused('CB003'),
    ),
    guard(nobody, 'appends an event', [noted], isRefused('42501')),
    guard(owner, 'appends an event of a hidden region', elsewhere(regions.hidden), isRefused('42501')),
    guard(owner, 'appends an event of another tenant', elsewhere(second.regions.open), isRefused('42501')),
    guard(server, 'verifies the log', broken, says(true)),
    guard(owner, 'verifies the log', broken, says(false)),
  ]
}

function tenantGuards({ owner, server }: Cast): readonly Attempt[] {
  const newcomer = randomUUID()
  const founder: Standing = {
    ...server,
    name: 'a tenant that is being made',
    viewer: { tenantId: newcomer, principalId: newcomer, rights: [] },
  }
  return [
    guard(owner, 'lists tenants', ['select to_jsonb(count(*)) from caliber.tenant_ids(null, 10)'], isRefused('42501')),
    guard(server, 'lists tenants', ['select to_jsonb(count(*)) from caliber.tenant_ids(null, 10)'], isRefused('42501')),
    guard(
      server,
      'reads what monitors may know',
      ['select to_jsonb(tenants) from caliber.metrics()'],
      isRefused('42501'),
    ),
    guard(
      founder,
      'is registered',
      [
        `insert into caliber.tenant (tenant_id, name) values ('${newcomer}', 'x')`,
        `select to_jsonb(count(*)) from caliber.tenant_ids(null, 100) id where id = '${newcomer}'`,
      ],
      says(1),
    ),
  ]
}

function guard(as: Standing, what: string, commands: readonly string[], fault: Attempt['fault']): Attempt {
  return { as, what, commands, fault }
}

const passes = (outcome: Outcome) => ('refused' in outcome ? `refused with ${outcome.refused}` : undefined)
const isRefused = (code: string) => (outcome: Outcome) =>
  'refused' in outcome && outcome.refused === code ? undefined : `${JSON.stringify(outcome)} instead of ${code}`
const says = (value: unknown) => (outcome: Outcome) =>
  'said' in outcome && JSON.stringify(outcome.said) === JSON.stringify(value)
    ? undefined
    : `${JSON.stringify(outcome)} instead of ${JSON.stringify(value)}`

function append(change: object): string {
  return `select to_jsonb(caliber.append_events(${quoted(JSON.stringify([change]))}))`
}

type Cast = ReturnType<typeof castOf>

function castOf({ world, standings }: Town) {
  const [first, second] = world.tenants
  if (!first || !second) throw new Error('A world has several tenants.')
  const named = (name: string): Standing => {
    const found = standings.find((standing) => standing.name === name)
    if (!found) throw new Error(`Nobody is called ${name}.`)
    return found
  }
  return {
    first,
    second,
    nobody: named('nobody'),
    owner: named('owner'),
    reader: named('reader'),
    writer: named('writer'),
    narrowed: named('the narrowed owner'),
    server: named('the server'),
    ownerRole: named('a function of the owner'),
  }
}
