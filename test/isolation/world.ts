/**
 * The world that probes are made in: three tenants of the same shape with the same names for everything, each with
 * people who may do different things, a region of every kind, content of every type in every region, and a fourth
 * tenant that is suspended. Made through the operations that anybody would use.
 */
import { randomUUID } from 'node:crypto'
import {
  bootstrapTenant,
  type Call,
  Derivations,
  Meter,
  newCredential,
  openStoredVectors,
  openVectorStore,
  type Principal,
  type RegionId,
  readKey,
  sweepTenant,
  textDigest,
} from './product.ts'
import type { Site } from './site.ts'
import { issuerUrl } from './tokens.ts'
import { textOf, type Words, wordsOf } from './words.ts'

export const personNames = ['admin', 'owner', 'reader', 'writer', 'stranger'] as const
export type PersonName = (typeof personNames)[number]

/** The regions of the owner, the common one, and one that is hidden from everybody but the administrator. */
export const regionNames = ['common', 'private', 'team', 'public', 'open', 'locked', 'hidden'] as const
export type RegionName = (typeof regionNames)[number]

/** Keys besides the one that each person has. All but the last two of them open nothing. */
export const spareKeys = ['expired', 'revoked', 'rotatedOut', 'disabled', 'readOnly', 'narrowed'] as const
export type SpareKey = (typeof spareKeys)[number]

export interface Tenant {
  readonly number: number
  readonly tenantId: string
  readonly people: Readonly<Record<PersonName, Principal>>
  readonly regions: Readonly<Record<RegionName, string>>
  readonly keys: Readonly<Record<PersonName | SpareKey, string>>
  /** `<region>:<fence>` of the lease under which the locked region is written, held by the owner. */
  readonly fence: string
  /** Writes as they were made, each with an idempotency key. */
  readonly writes: readonly Call[]
}

export interface World {
  readonly tenants: readonly Tenant[]
  /** A key of a tenant that was suspended after the key was made. */
  readonly suspendedKey: string
}

export const sourceName = 'standup.jsonl'
export const artifactName = 'plan.md'
const longestLeaseMs = 300_000

export async function makeWorld(site: Site): Promise<World> {
  const tenants = await Promise.all([0, 1, 2].map((number) => makeTenant(site, number)))
  const [first, second] = tenants
  if (first && second) await takeName(site, first, second)
  const suspended = await newTenant(site, 3)
  await site.runtime.dispatch({
    operation: 'tenant.suspend',
    input: { tenantId: suspended.principal.tenantId },
    principal: { ...(first?.people.admin ?? suspended.principal), rights: ['operate'] },
  })
  return { tenants, suspendedKey: suspended.key }
}

/**
 * Call a region of one tenant like one of another's. No operation does it, yet whoever gets SQL past us as the role that
 * serves can: then the wall of the tenant is all that stands between the two.
 */
async function takeName({ sessions }: Site, { people: { owner } }: Tenant, { regions }: Tenant): Promise<void> {
  for (const regionId of [regions.team, regions.common]) {
    await sessions.run(
      owner,
      (sql) => sql`
        insert into caliber.region (tenant_id, id, name, kind, write_rule, owner_id)
        values (caliber.current_tenant(), ${regionId}, 'namesake', 'team', 'free', caliber.current_principal())`,
    )
  }
}

async function newTenant({ sessions }: Site, number: number) {
  const { key, principalId } = await newCredential()
  const parts = readKey(key)
  if (!parts) throw new Error('A key that was just made cannot be read.')
  const rights = ['read', 'write', 'admin'] as const
  const name = textOf(wordsOf(number, 'tenant'), 'tenant')
  await bootstrapTenant(sessions, { ...parts, principalId, name, rights })
  const principal: Principal = { tenantId: parts.tenantId, principalId, keyId: parts.keyId, rights }
  return { key, principal }
}

async function makeTenant(site: Site, number: number): Promise<Tenant> {
  const { key: adminKey, principal: admin } = await newTenant(site, number)
  const { tenantId } = admin
  const writes: Call[] = []
  const call = async (principal: Principal, operation: string, input: unknown, more: Partial<Call> = {}) => {
    const made = { operation, input, principal, ...more }
    if (more.idempotencyKey !== undefined) writes.push(made)
    return (await site.runtime.dispatch(made)) as Readonly<Record<string, string>>
  }
  const add = async (name: string) => {
    const identities = [{ issuer: issuerUrl, subject: name }]
    const named = { kind: 'agent', name: textOf(wordsOf(number, 'people'), name), identities }
    const added = await call(admin, 'principal.add', named)
    return { tenantId, principalId: said(added, 'principalId'), rights: ['read', 'write'] as const }
  }
  const people = {
    admin,
    owner: await add('owner'),
    reader: await add('reader'),
    writer: await add('writer'),
    stranger: await add('stranger'),
  }

  const create = async (owner: Principal, name: RegionName, fields: object) => {
    const named = { name: textOf(wordsOf(number, name), name), ...fields }
    return said(await call(owner, 'region.create', named), 'regionId')
  }
  const { owner, reader, writer } = people
  const regions = {
    common: tenantId,
    private: await create(owner, 'private', { kind: 'private' }),
    team: await create(owner, 'team', { kind: 'team' }),
    public: await create(owner, 'public', { kind: 'public' }),
    open: await create(owner, 'open', { kind: 'collaborative', writeRule: 'free' }),
    locked: await create(owner, 'locked', { kind: 'collaborative', writeRule: 'lock' }),
    hidden: await create(admin, 'hidden', { kind: 'private' }),
  }
  const grant = (regionId: string, { principalId }: Principal, access: string) =>
    call(owner, 'region.grant', { regionId, principalId, access })
  await grant(regions.team, reader, 'read')
  await grant(regions.team, writer, 'write')
  await grant(regions.public, writer, 'write')

  const lease = await site.runtime.dispatch({
    operation: 'lock.acquire',
    input: { locks: [{ regionId: regions.locked }], ttlMs: longestLeaseMs },
    principal: owner,
  })
  const fence = `${regions.locked}:${(lease as { leases: { fence: number }[] }).leases[0]?.fence}`
  for (const name of regionNames) {
    const author = name === 'hidden' ? admin : owner
    const fences = name === 'locked' ? [fence] : []
    const write: Author = (operation, input, idempotencyKey) =>
      call(author, operation, input, { idempotencyKey, fences })
    const sources = await fill({ number, name, regionId: regions[name] }, write)
    if (name === 'private') await derive({ number, name: 'common', regionId: regions.common }, sources, write)
  }
  for (const name of ['common', 'hidden'] as const) {
    const reason = textOf(wordsOf(number, name), 'doubt')
    const recorded = await call(admin, 'note.record', { subject: 'x', content: 'x', regionId: regions[name] })
    await call(admin, 'memory.forget', { items: [said(recorded, 'noteId')], reason: 'x' })
    const distrusted = await call(admin, 'note.record', { subject: 'x', content: 'x', regionId: regions[name] })
    const noteId = said(distrusted, 'noteId')
    await call(admin, 'note.retract', { noteId, reason: 'x' })
    await call(admin, 'memory.revoke', { itemId: noteId, reason })
  }
  const vector = { itemId: randomUUID(), vector: new Float32Array([1]) }
  const vectors = new Map([[textDigest(textOf(wordsOf(number, 'common'), 'note')), vector]])
  await openVectorStore(site.sessions, 'model', 1).keep(tenantId, vectors, Number.MAX_SAFE_INTEGER)
  const meter = new Meter(site.sessions, { now: () => new Date() })
  const stored = openStoredVectors(site.sessions, { schema: 'public' })
  for (const regionId of Object.values(regions) as readonly RegionId[]) {
    const placed = { itemId: randomUUID(), digest: textDigest(regionId), regionId, vector: new Float32Array([1]) }
    await stored.keep(tenantId, 'model/1', [placed], Number.MAX_SAFE_INTEGER)
    const answer = { text: 'in short', inputTokens: 1, outputTokens: 1 }
    const use = { kind: 'summary', model: 'model', calls: 1, inputTokens: 1, outputTokens: 1 } as const
    const signal = new AbortController().signal
    const derivation = {
      id: randomUUID(),
      kind: 'summary' as const,
      regionId,
      action: textDigest(regionId),
      model: 'model',
      sources: [],
      signal,
    }
    await new Derivations(site.sessions, meter).obtain(tenantId, derivation, async () => ({ answer, use }))
  }
  await sweepTenant(site.sessions, tenantId, {
    models: {},
    signal: new AbortController().signal,
    newId: () => randomUUID(),
  })
  return {
    number,
    tenantId,
    people,
    regions,
    keys: await makeKeys({ number, people, regions }, call, adminKey),
    fence,
    writes,
  }
}

interface Place {
  readonly number: number
  readonly name: RegionName
  readonly regionId: string
}

type Author = (operation: string, input: unknown, idempotencyKey?: string) => Promise<Readonly<Record<string, string>>>

/** What other things may be made from, in another region. */
interface Sources {
  readonly trajectoryId: string
  readonly turnId: string
}

/** Content of every type, each text with the words of its region. Idempotency keys are the same for every author. */
async function fill({ number, name, regionId }: Place, write: Author): Promise<Sources> {
  const words: Words = wordsOf(number, name)
  const text = (about: string) => textOf(words, about)
  const key = (step: string) => `${name}-${step}`
  const started = await write('trajectory.start', { name: text('goal'), goal: text('aim'), regionId }, key('goal'))
  const trajectoryId = said(started, 'trajectoryId')
  const part = await write('trajectory.start', { name: text('part'), parentId: trajectoryId }, key('part'))
  const finish = { trajectoryId: said(part, 'trajectoryId'), status: 'completed', summary: text('outcome') }
  await write('trajectory.finish', finish, key('finish'))
  const opened = await write(
    'scope.open',
    { trajectoryId, name: text('scope'), purpose: text('purpose') },
    key('scope'),
  )
  const scopeId = said(opened, 'scopeId')
  const turns = [
    { role: 'user', content: text('question'), trust: 0.5 },
    {
      role: 'assistant',
      trust: 0.5,
      toolCalls: [{ id: 'c', name: text('tool'), input: { of: text('argument') } }],
      toolResults: [{ callId: 'c', content: text('result') }],
    },
  ]
  const appended = await write('turn.append', { scopeId, turns }, key('turns'))
  const line = JSON.stringify({ role: 'user', content: text('transcript'), at: '2026-05-04T09:00:00Z' })
  await write('transcript.import', { source: sourceName, text: `${line}\n`, regionId, trust: 0.5 }, key('import'))
  const plan = { trajectoryId, type: 'plan', name: artifactName }
  await write('artifact.put', { ...plan, content: text('plan') }, key('plan'))
  await write('artifact.put', { ...plan, content: text('better plan') }, key('better-plan'))
  const note = { subject: text('subject'), content: text('note'), type: 'convention', level: 'principle', regionId }
  const recorded = await write('note.record', { ...note, pinned: true }, key('note'))
  const newer = { noteId: said(recorded, 'noteId'), content: text('newer note'), reason: text('reason') }
  await write('note.supersede', newer, key('newer-note'))
  const wrong = await write('note.record', { ...note, content: text('wrong note') }, key('wrong-note'))
  await write('note.retract', { noteId: said(wrong, 'noteId'), reason: text('retraction') }, key('retraction'))
  for (const value of [60, 90]) {
    const said = { ...note, subject: text('limit'), content: `${text('limit')} is ${value}` }
    await write('note.record', said, key(`limit-${value}`))
  }
  const resource = text('resource')
  await write('lock.acquire', { locks: [{ regionId, resource }], ttlMs: longestLeaseMs }, key('lock'))
  await write('lock.acquire', {
    locks: [{ regionId, resource: `shared ${resource}` }],
    mode: 'shared',
    ttlMs: longestLeaseMs,
  })
  await write('context.assemble', { query: words.bait, scopeId, budgetTokens: 4_000 })
  const [turn] = appended['turns'] as unknown as readonly { readonly turnId: string }[]
  return { trajectoryId, turnId: turn?.turnId ?? '' }
}

/** A part, an artifact and a note of something in another region: who reads them is not told of what. */
async function derive({ number, name, regionId }: Place, sources: Sources, write: Author): Promise<void> {
  const text = (about: string) => textOf(wordsOf(number, name), about)
  const part = await write('trajectory.start', { name: text('branch'), parentId: sources.trajectoryId, regionId })
  await write('artifact.put', {
    trajectoryId: said(part, 'trajectoryId'),
    type: 'plan',
    name: text('draft'),
    content: text('draft'),
    provenance: { sourceTurnIds: [sources.turnId] },
  })
  const source = { kind: 'turn', id: sources.turnId }
  await write('note.record', { subject: text('lesson'), content: text('lesson'), regionId, sources: [source] })
}

type CallAs = (principal: Principal, operation: string, input: unknown) => Promise<Readonly<Record<string, string>>>

async function makeKeys(
  { number, people, regions }: Pick<Tenant, 'number' | 'people' | 'regions'>,
  call: CallAs,
  admin: string,
): Promise<Tenant['keys']> {
  const name = textOf(wordsOf(number, 'keys'), 'key')
  const issue = async ({ principalId }: Pick<Principal, 'principalId'>, narrowing: object = {}) => {
    const issued = await call(people.admin, 'key.issue', { principalId, name, ...narrowing })
    return { keyId: said(issued, 'keyId'), key: said(issued, 'key') }
  }
  const keys = Object.fromEntries(
    await Promise.all(
      personNames.map(async (person) => [person, person === 'admin' ? admin : (await issue(people[person])).key]),
    ),
  ) as Record<PersonName, string>
  const revoked = await issue(people.owner)
  await call(people.admin, 'key.revoke', { keyId: revoked.keyId })
  const rotatedOut = await issue(people.owner)
  await call(people.admin, 'key.rotate', { keyId: rotatedOut.keyId, overlapHours: 0 })
  const shutOut = await call(people.admin, 'principal.add', {
    kind: 'agent',
    name: textOf(wordsOf(number, 'people'), 'x'),
  })
  const disabled = await issue({ principalId: said(shutOut, 'principalId') })
  await call(people.admin, 'principal.change', { principalId: said(shutOut, 'principalId'), disabled: true })
  return {
    ...keys,
    expired: (await issue(people.owner, { expiresAt: '2026-01-01T00:00:00Z' })).key,
    revoked: revoked.key,
    rotatedOut: rotatedOut.key,
    disabled: disabled.key,
    readOnly: (await issue(people.owner, { rights: ['read'] })).key,
    narrowed: (await issue(people.owner, { regions: [regions.public] })).key,
  }
}

function said(answer: Readonly<Record<string, string>>, field: string): string {
  const value = answer[field]
  if (value === undefined) throw new Error(`The answer has no ${field}.`)
  return value
}
