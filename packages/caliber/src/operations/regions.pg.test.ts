/** Who reads and writes what, by the kind of region: over operations, recall and the log, and against the rule itself. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { artifactColumns, noteColumns } from '../db/columns.ts'
import { json } from '../db/sql.ts'
import { catchUp } from '../derive/feed.ts'
import { TenantMemory } from '../derive/tenantMemory.ts'
import type { Change, Event } from '../domain/event.ts'
import { mayRead, type Region, type RegionKind, regionKinds } from '../domain/region.ts'
import { callsAs, type TestCaliber, type TestPrincipal, type TestTenant, testCaliber } from './testing/tenant.ts'

let caliber: TestCaliber
let owner: TestTenant
let reader: TestPrincipal
let writer: TestPrincipal
let stranger: TestPrincipal
const regions = new Map<RegionKind, string>()
const notes = new Map<RegionKind, string>()
const trajectories = new Map<RegionKind, string>()

beforeAll(async () => {
  caliber = await testCaliber()
  owner = await caliber.tenant()
  ;[reader, writer, stranger] = [await owner.member(), await owner.member(), await owner.member()]
  for (const kind of regionKinds) {
    const { regionId } = await owner.call<Region>('region.create', { name: kind, kind, writeRule: 'free' })
    regions.set(kind, regionId)
    if (kind === 'team' || kind === 'public') {
      await owner.call('region.grant', { regionId, principalId: reader.principalId, access: 'read' })
      await owner.call('region.grant', { regionId, principalId: writer.principalId, access: 'write' })
    }
    const { noteId } = await owner.call<{ noteId: string }>('note.record', note(regionId, `walrus of ${kind}`))
    notes.set(kind, noteId)
    const { trajectoryId } = await owner.call<{ trajectoryId: string }>('trajectory.start', { name: kind, regionId })
    trajectories.set(kind, trajectoryId)
    const { scopeId } = await owner.call<{ scopeId: string }>('scope.open', { trajectoryId, name: kind })
    await owner.call('turn.append', { scopeId, turns: [{ role: 'user', content: `turn of the walrus of ${kind}` }] })
    await owner.call('artifact.put', {
      trajectoryId,
      type: 'plan',
      name: 'plan',
      content: `plan of the walrus of ${kind}`,
    })
  }
})
afterAll(() => caliber.close())

type Who = 'owner' | 'reader' | 'writer' | 'stranger'
const who = (name: Who): TestPrincipal => ({ owner, reader, writer, stranger })[name]

/** The table of 0010_region.sql. */
const readers: Readonly<Record<RegionKind, readonly Who[]>> = {
  private: ['owner'],
  team: ['owner', 'reader', 'writer'],
  public: ['owner', 'reader', 'writer', 'stranger'],
  collaborative: ['owner', 'reader', 'writer', 'stranger'],
}
const writers: Readonly<Record<RegionKind, readonly Who[]>> = {
  private: ['owner'],
  team: ['owner', 'writer'],
  public: ['owner', 'writer'],
  collaborative: ['owner', 'reader', 'writer', 'stranger'],
}
const everybody: readonly Who[] = ['owner', 'reader', 'writer', 'stranger']

describe.each(regionKinds)('a %s region', (kind) => {
  test.each(everybody)('is read by whom its kind says: %s', async (name) => {
    const may = readers[kind].includes(name)
    const { call } = who(name)
    const regionId = regions.get(kind) ?? ''
    const seen = async (operation: string, input: unknown) =>
      call(operation, input).then(
        () => true,
        (error: { code: string }) => {
          expect(error.code).toBe('not_found')
          return false
        },
      )
    expect(await seen('region.get', { regionId })).toBe(may)
    expect(await seen('note.get', { noteId: notes.get(kind) })).toBe(may)
    expect(await seen('trajectory.get', { trajectoryId: trajectories.get(kind) })).toBe(may)
    expect(await seen('memory.search', { query: 'walrus', regionId })).toBe(may)
    expect(await seen('memory.search', { query: 'walrus', trajectoryId: trajectories.get(kind) })).toBe(may)
    expect(await seen('context.assemble', { query: 'walrus', pins: [notes.get(kind)] })).toBe(may)

    const { items } = await call<{ items: { text: string; regionId: string }[] }>('memory.search', {
      query: 'walrus',
      limit: 50,
    })
    expect(items.filter((item) => item.regionId === regionId)).toHaveLength(may ? 3 : 0)
    const { text } = await call<{ text: string }>('context.assemble', { query: 'walrus', budgetTokens: 2_000 })
    expect(text.includes(`walrus of ${kind}`)).toBe(may)
    const { items: events } = await call<{ items: Event[] }>('event.since', {})
    expect(events.some((event) => event.regionId === regionId)).toBe(may)
  })

  test.each(everybody)('is written by whom its kind says: %s', async (name) => {
    const may = writers[kind].includes(name)
    const { call } = who(name)
    const regionId = regions.get(kind) ?? ''
    const trajectoryId = trajectories.get(kind)
    const refusal = readers[kind].includes(name) ? 'forbidden' : 'not_found'
    const done = async (operation: string, input: unknown) =>
      call(operation, input).then(
        () => true,
        (error: { code: string }) => {
          expect(error.code, operation).toBe(refusal)
          return false
        },
      )
    expect(await done('note.record', note(regionId, 'mine'))).toBe(may)
    expect(await done('trajectory.start', { name: 'mine', regionId })).toBe(may)
    expect(await done('transcript.import', { source: name, text: '{"role":"user","content":"hi"}\n', regionId })).toBe(
      may,
    )
    expect(await done('scope.open', { trajectoryId, name: 'mine' })).toBe(may)
    expect(await done('artifact.put', { trajectoryId, type: 'plan', name, content: 'mine' })).toBe(may)
    expect(await done('note.supersede', { noteId: await fresh(regionId), content: 'other' })).toBe(may)
    expect(await done('note.retract', { noteId: await fresh(regionId), reason: 'wrong' })).toBe(may)
    const mayGrant = name === 'owner' && (kind === 'team' || kind === 'public')
    const grant = call('region.grant', { regionId, principalId: stranger.principalId, access: 'read' })
    await (mayGrant
      ? grant
      : expect(grant).rejects.toMatchObject({ code: expect.stringMatching(/not_found|forbidden|conflict/) }))
    if (mayGrant) await call('region.revoke', { regionId, principalId: stranger.principalId })
  })
})

test('a window is shown again to whoever may read all that it speaks of', async () => {
  const { windowId } = await owner.call<{ windowId: string }>('context.assemble', {
    query: 'walrus',
    pins: [notes.get('private')],
  })
  expect(await owner.call('context.explain', { windowId })).toMatchObject({ windowId })
  await expect(stranger.call('context.explain', { windowId })).rejects.toMatchObject({ code: 'not_found' })
})

test('a window names its scope and trajectory: whoever may not read those may not read it', async () => {
  const { trajectoryId } = await owner.call<{ trajectoryId: string }>('trajectory.start', {
    name: 'quiet',
    regionId: regions.get('private'),
  })
  const { scopeId } = await owner.call<{ scopeId: string }>('scope.open', { trajectoryId, name: 'quiet' })
  for (const asked of [{ scopeId }, { trajectoryId }]) {
    const { windowId } = await owner.call<{ windowId: string }>('context.assemble', { query: 'nothing', ...asked })
    expect(await owner.call('context.explain', { windowId })).toMatchObject({ windowId })
    await expect(stranger.call('context.explain', { windowId })).rejects.toMatchObject({ code: 'not_found' })
  }
})

describe('what was made from something in a closed region', () => {
  const hidden = { parentId: '', turnId: '', artifactId: '', noteId: '' }
  const made = { trajectoryId: '', artifactId: '', noteId: '' }
  /** A source that everybody reads, to tell leaving out one id from leaving out all. */
  let openNote = ''

  beforeAll(async () => {
    const [closed, open] = [regions.get('private') ?? '', regions.get('collaborative') ?? '']
    hidden.noteId = await fresh(closed)
    openNote = await fresh(open)
    const start = (fields: object) =>
      owner.call<{ trajectoryId: string }>('trajectory.start', { name: 'part', ...fields })
    hidden.parentId = (await start({ regionId: closed })).trajectoryId
    const scope = { trajectoryId: hidden.parentId, name: 'closed' }
    const { scopeId } = await owner.call<{ scopeId: string }>('scope.open', scope)
    const turns = [{ role: 'user', content: 'hidden' }]
    const said = await owner.call<{ turns: { turnId: string }[] }>('turn.append', { scopeId, turns })
    hidden.turnId = said.turns[0]?.turnId ?? ''
    const file = { type: 'plan', name: 'plan', content: 'a plan' }
    const put = (fields: object) => owner.call<{ artifactId: string }>('artifact.put', { ...file, ...fields })
    hidden.artifactId = (await put({ trajectoryId: hidden.parentId })).artifactId

    made.trajectoryId = (await start({ regionId: open, parentId: hidden.parentId })).trajectoryId
    const provenance = { sourceTurnIds: [hidden.turnId] }
    made.artifactId = (await put({ trajectoryId: made.trajectoryId, provenance })).artifactId
    const sources = [
      { kind: 'turn', id: hidden.turnId },
      { kind: 'note', id: openNote },
      { kind: 'artifact', id: hidden.artifactId },
      { kind: 'note', id: hidden.noteId },
    ]
    made.noteId = (await owner.call<{ noteId: string }>('note.record', { ...note(open, 'derived'), sources })).noteId
  })

  const looking = async ({ call }: TestPrincipal) => ({
    trajectory: await call<{ parentId: string | null }>('trajectory.get', { trajectoryId: made.trajectoryId }),
    trajectories: await call('trajectory.list', {}),
    parts: await call<{ items: unknown[] }>('trajectory.list', { parentId: hidden.parentId }),
    artifact: await call<{ provenance: { sourceTurnIds: string[] } }>('artifact.get', { artifactId: made.artifactId }),
    history: await call('artifact.history', { artifactId: made.artifactId }),
    note: await call<{ sources: { id: string }[] }>('note.get', { noteId: made.noteId }),
    notes: await call('note.list', {}),
    events: await call<{ items: Event[] }>('event.since', { limit: 1_000 }),
  })
  const started = ({ events }: { events: { items: Event[] } }) =>
    events.items.find(({ subjectId }) => subjectId === made.trajectoryId)

  test('names it to whoever reads both', async () => {
    const seen = await looking(owner)
    expect(seen.trajectory.parentId).toBe(hidden.parentId)
    expect(seen.parts.items).toHaveLength(1)
    expect(seen.artifact.provenance.sourceTurnIds).toEqual([hidden.turnId])
    expect(seen.note.sources.map(({ id }) => id)).toEqual([hidden.turnId, openNote, hidden.artifactId, hidden.noteId])
    expect(started(seen)?.data).toEqual({ parentId: hidden.parentId })
  })

  test.each(['a narrowed key', 'a principal without a grant'])('does not name it to %s', async (kind) => {
    const narrowed = { ...owner, rights: ['read' as const], regions: [regions.get('collaborative') ?? ''] }
    const seen = await looking(kind === 'a narrowed key' ? callsAs(narrowed, caliber.runtime) : stranger)
    const answers = JSON.stringify(seen)
    for (const id of Object.values(hidden)) expect(answers).not.toContain(id)
    expect(seen.trajectory.parentId).toBeNull()
    expect(seen.parts.items).toEqual([])
    expect(seen.artifact.provenance.sourceTurnIds).toEqual([])
    expect(seen.note.sources).toEqual([{ kind: 'note', id: openNote }])
    expect(started(seen)?.data).toEqual({ parentId: null })
  })

  test('is looked up row by row: no plan reads all turns of the tenant', async () => {
    const plans = await caliber.sessions.run(owner, async (sql) => [
      await sql<object>`explain select ${noteColumns} from caliber.note where tenant_id = caliber.current_tenant()`,
      await sql<object>`
        explain select ${artifactColumns}
        from caliber.artifact a
        join caliber.artifact_revision r on r.tenant_id = a.tenant_id and r.artifact_id = a.id
        where a.tenant_id = caliber.current_tenant()`,
    ])
    for (const plan of plans.map((lines) => JSON.stringify(lines))) {
      expect(plan).toContain('SubPlan')
      expect(plan).not.toMatch(/hashed SubPlan|Semi Join/)
    }
  })

  test('cannot be a note in another region that takes its place', async () => {
    const replacing = caliber.sessions.run(
      owner,
      (sql) => sql`
        update caliber.note set status = 'superseded', superseded_by = ${hidden.noteId}, ended_at = now()
        where tenant_id = caliber.current_tenant() and id = ${openNote}`,
    )
    await expect(replacing).rejects.toMatchObject({ code: 'not_found' })
  })
})

test('a grant that is taken back is gone with the next answer', async () => {
  const { regionId } = await owner.call<Region>('region.create', { name: 'brief', kind: 'team' })
  await owner.call('note.record', note(regionId, 'ocelot'))
  const found = async () =>
    (await stranger.call<{ items: unknown[] }>('memory.search', { query: 'ocelot' })).items.length
  expect(await found()).toBe(0)
  await owner.call('region.grant', { regionId, principalId: stranger.principalId, access: 'read' })
  expect(await found()).toBe(1)
  await owner.call('region.revoke', { regionId, principalId: stranger.principalId })
  expect(await found()).toBe(0)
})

test('the same source in two regions is two transcripts, and neither region learns of the other', async () => {
  const [a, b] = [await owner.member(), await owner.member()]
  const importing = async (principal: TestPrincipal) => {
    const { regionId } = await principal.call<Region>('region.create', { name: 'mine', kind: 'private' })
    const input = { source: 'standup.jsonl', text: '{"role":"user","content":"hi"}\n', regionId }
    return principal.call<{ turnsAdded: number }>('transcript.import', input)
  }
  expect([(await importing(a)).turnsAdded, (await importing(b)).turnsAdded]).toEqual([1, 1])
})

test('a credential that opens some regions sees those alone, and does nothing that concerns the whole tenant', async () => {
  const narrowed = callsAs(
    { ...owner, rights: ['read', 'write', 'admin'], regions: [regions.get('team') ?? ''] },
    caliber.runtime,
  )
  const { items } = await narrowed.call<{ items: { regionId: string }[] }>('memory.search', {
    query: 'walrus',
    limit: 50,
  })
  expect(new Set(items.map(({ regionId }) => regionId))).toEqual(new Set([regions.get('team')]))
  await expect(narrowed.call('note.get', { noteId: notes.get('private') })).rejects.toMatchObject({ code: 'not_found' })
  await expect(narrowed.call('note.record', { subject: 's', content: 'in the common one' })).rejects.toMatchObject({
    code: 'not_found',
  })
  for (const operation of ['memory.verify', 'key.list']) {
    await expect(narrowed.call(operation, {})).rejects.toMatchObject({ code: 'forbidden' })
  }
  await expect(narrowed.call('region.create', { name: 'more', kind: 'private' })).rejects.toMatchObject({
    code: 'forbidden',
  })
})

test('a credential that opens some regions of an owner does not see that there are others', async () => {
  const region = regions.get('team') ?? ''
  const narrowed = callsAs({ ...owner, rights: ['read'], regions: [region] }, caliber.runtime)
  const { items } = await narrowed.call<{ items: Region[] }>('region.list', {})
  expect(items.map(({ regionId }) => regionId)).toEqual([region])
  await expect(narrowed.call('region.get', { regionId: regions.get('private') })).rejects.toMatchObject({
    code: 'not_found',
  })
})

test('the log takes no event about what its writer could not have changed, and a forged one opens nothing', async () => {
  const [hidden, team] = [regions.get('private') ?? '', regions.get('team') ?? '']
  const forged: Record<string, Omit<Change, 'data'>> = {
    'a region that is hidden': { kind: 'lock.extended', subjectId: hidden, regionId: hidden },
    'a hidden region as one of the tenant': { kind: 'region.created', subjectId: hidden, regionId: null },
    'a hidden region as another': { kind: 'region.created', subjectId: hidden, regionId: team },
    'a hidden note in an open region': { kind: 'note.recorded', subjectId: notes.get('private') ?? '', regionId: team },
    'a note that it only reads': { kind: 'note.retracted', subjectId: notes.get('team') ?? '', regionId: team },
  }
  const append = (change: Change) =>
    caliber.sessions.run(reader, (sql) => sql`select caliber.append_events(${json([change])})`)
  for (const [what, change] of Object.entries(forged)) {
    const data = { kind: 'public', ownerId: reader.principalId, type: 'fact' }
    await expect(append({ ...change, data }), what).rejects.toMatchObject({ code: 'forbidden' })
  }
  // Whoever reads a region may say that a grant changed; what it is now, the rows say.
  const data = { principalId: stranger.principalId, access: 'write' }
  await append({ kind: 'region.granted', subjectId: team, regionId: team, data })
  const { items } = await stranger.call<{ items: { regionId: string }[] }>('memory.search', { query: 'walrus' })
  expect(items.some(({ regionId }) => regionId === team)).toBe(false)
})

test('database, memory and rule agree on who reads what, whatever was granted', async () => {
  const tenant = await caliber.tenant()
  const members = [await tenant.member(), await tenant.member(), await tenant.member()]
  const step = fc.record({
    actor: fc.nat(2),
    kind: fc.constantFrom(...regionKinds),
    region: fc.nat(9),
    grantee: fc.nat(2),
    act: fc.constantFrom('create', 'read', 'write', 'revoke'),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
      const made: Region[] = []
      const grants = new Map<string, Map<string, string>>()
      for (const { actor, kind, region, grantee, act } of steps) {
        const by = members[actor] ?? tenant
        const principalId = members[grantee]?.principalId ?? ''
        const target = made[region % Math.max(1, made.length)]
        if (act === 'create' || !target) {
          made.push(await by.call<Region>('region.create', { name: 'r', kind }))
          continue
        }
        const { regionId } = target
        const granted = grants.get(regionId) ?? new Map<string, string>()
        const input = act === 'revoke' ? { regionId, principalId } : { regionId, principalId, access: act }
        await by.call(act === 'revoke' ? 'region.revoke' : 'region.grant', input).then(
          () => grants.set(regionId, act === 'revoke' ? without(granted, principalId) : granted.set(principalId, act)),
          () => undefined,
        )
      }
      const memory = new TenantMemory(tenant.tenantId)
      await catchUp(caliber.sessions, tenant, memory, 'on_mutation')
      for (const { principalId } of members) {
        const claims = { tenantId: tenant.tenantId, principalId }
        const [row] = await caliber.sessions.run(
          claims,
          (sql) => sql<{ readable: string[]; writable: string[] }>`
            select caliber.open_regions(false) as readable, caliber.open_regions(true) as writable`,
        )
        const folded = memory.regions.readableBy({ principalId })
        for (const region of made) {
          const access = grants.get(region.regionId)?.get(principalId)
          const expected = mayRead({ ...region, grantsTo: () => access !== undefined }, principalId)
          expect(row?.readable.includes(region.regionId)).toBe(expected)
          expect(folded.has(region.regionId)).toBe(expected)
          const writes =
            region.kind === 'collaborative' ||
            region.ownerId === principalId ||
            (region.kind !== 'private' && access === 'write')
          expect(row?.writable.includes(region.regionId)).toBe(writes)
        }
      }
    }),
    { numRuns: 12 },
  )
})

function note(regionId: string, content: string) {
  return { subject: 'sea', content, regionId }
}

async function fresh(regionId: string): Promise<string> {
  return (await owner.call<{ noteId: string }>('note.record', note(regionId, 'fresh'))).noteId
}

function without(granted: Map<string, string>, principalId: string): Map<string, string> {
  granted.delete(principalId)
  return granted
}
