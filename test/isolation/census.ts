/**
 * What each live credential finds when it looks everywhere, compared with what it may read: nothing more, nothing less.
 *
 * Lists are walked page by page to their end; what has an id is asked for by it; the memory is searched for a word that
 * every item holds. No answer may name anything else.
 */
import type { Credential } from './credentials.ts'
import { type Facts, maySee, type Row, readFacts, regionIn } from './facts.ts'
import { mayRead, mayWrite, type Viewer } from './model.ts'
import type { Site } from './site.ts'
import { namesIn } from './verdict.ts'

export interface CensusResult {
  /** Questions whose answer was compared. */
  readonly decisions: number
  readonly faults: readonly string[]
}

/** Compare everything. Writes little: one note per region and credential that may write there. */
export async function takeCensus(site: Site, credentials: readonly Credential[]): Promise<CensusResult> {
  const faults: string[] = []
  let decisions = 0
  for (const credential of credentials) {
    const { viewer } = credential
    if (!viewer) continue
    const facts = await readFacts(site.admin)
    const ask = caller(site, credential)
    const call: Ask = async (operation, input) => {
      const answer = await ask(operation, input)
      const sent = JSON.stringify(input)
      for (const name of namesIn(JSON.stringify(answer ?? {}), sent, (place) => maySee(viewer, place, facts), facts)) {
        faults.push(`${credential.name}: ${operation} ${sent}: ${name}`)
      }
      return answer
    }
    const compare = (what: string, found: readonly string[], expected: readonly string[]) => {
      decisions += expected.length + 1
      const leaked = found.filter((id) => !expected.includes(id))
      const denied = expected.filter((id) => !found.includes(id))
      if (leaked.length + denied.length > 0) {
        faults.push(
          `${credential.name}: ${what}: leaked ${leaked.join(' ') || 'nothing'}, denied ${denied.join(' ') || 'nothing'}`,
        )
      }
    }
    const visible = (noun: string) =>
      noun === 'region'
        ? readable(viewer, facts)
        : idsOf(facts.rows.filter((row) => row.noun === noun && maySee(viewer, row.place, facts)))
    for (const { operation, noun, idField, more } of lists) {
      const isOpen = noun !== 'principal' && noun !== 'key' ? true : viewer.rights.includes('admin')
      if (isOpen)
        compare(operation, await walk(call, operation, idField, more), ofTenant(noun, facts, viewer) ?? visible(noun))
    }
    for (const { operation, noun, idField } of lookUps) {
      const ids = noun === 'region' ? allRegions(facts) : idsOf(facts.rows.filter((row) => row.noun === noun))
      const found = []
      for (const id of ids) if ((await call(operation, { [idField]: id })) !== undefined) found.push(id)
      compare(operation, found, visible(noun))
      decisions += ids.length
    }
    compare('memory.search', await searched(call), liveItems(await rowsAlive(site), viewer, facts))
    const events = await call('event.since', { limit: 1_000 })
    compare('event.since', seqs(events), await visibleEvents(site, viewer, facts))
    if (viewer.rights.includes('write')) {
      const written: string[] = []
      for (const regionId of allRegions(facts)) {
        // Not judged: others have sent the same text, and its digest names theirs as well.
        if (await ask('note.record', { subject: 'census', content: 'counted', regionId })) written.push(regionId)
      }
      compare('note.record', written, writable(viewer, facts))
    }
  }
  return { decisions, faults }
}

type Answer = Readonly<Record<string, unknown>> | undefined
type Ask = (operation: string, input: object) => Promise<Answer>

/** Undefined for a refusal. */
function caller({ runtime }: Site, { token }: Credential): Ask {
  return async (operation, input) => {
    const principal = await runtime.authenticate(token ?? '')
    return runtime.dispatch({ operation, input, principal }).then(
      (output) => output as Answer,
      () => undefined,
    )
  }
}

interface List {
  readonly operation: string
  readonly noun: string
  readonly idField: string
  readonly more?: object
}

const lists: readonly List[] = [
  { operation: 'trajectory.list', noun: 'trajectory', idField: 'trajectoryId' },
  { operation: 'scope.list', noun: 'scope', idField: 'scopeId' },
  { operation: 'note.list', noun: 'note', idField: 'noteId', more: { status: 'any', quarantined: true } },
  { operation: 'region.list', noun: 'region', idField: 'regionId' },
  { operation: 'principal.list', noun: 'principal', idField: 'principalId' },
  { operation: 'key.list', noun: 'key', idField: 'keyId' },
]

const lookUps = [
  { operation: 'trajectory.get', noun: 'trajectory', idField: 'trajectoryId' },
  { operation: 'scope.get', noun: 'scope', idField: 'scopeId' },
  { operation: 'turn.list', noun: 'scope', idField: 'scopeId' },
  { operation: 'artifact.get', noun: 'artifact', idField: 'artifactId' },
  { operation: 'artifact.history', noun: 'artifact', idField: 'artifactId' },
  { operation: 'note.get', noun: 'note', idField: 'noteId' },
  { operation: 'region.get', noun: 'region', idField: 'regionId' },
  { operation: 'context.explain', noun: 'window', idField: 'windowId' },
] as const

const idsOf = (rows: readonly Row[]) => [...new Set(rows.map(({ id }) => id))]

/** Of what is no region's: all of the tenant. */
function ofTenant(noun: string, facts: Facts, { tenantId }: Viewer): readonly string[] | undefined {
  if (noun !== 'principal' && noun !== 'key') return undefined
  const ids = idsOf(facts.rows.filter((row) => row.noun === noun && row.place.tenantId === tenantId))
  // The operator of a tenant is called like the tenant.
  return noun === 'principal' ? [...ids, tenantId] : ids
}

async function walk(call: Ask, operation: string, idField: string, more: object = {}): Promise<readonly string[]> {
  const found: string[] = []
  let after: unknown
  do {
    const page = await call(operation, { limit: 3, ...more, ...(after !== undefined && { after }) })
    const items = (page?.['items'] ?? []) as readonly Readonly<Record<string, string>>[]
    found.push(...items.map((item) => item[idField] ?? ''))
    after = page?.['next'] ?? undefined
  } while (after !== undefined)
  return found
}

async function searched(call: Ask): Promise<readonly string[]> {
  const answer = await call('memory.search', { query: 'harbour', limit: 1_000 })
  return ((answer?.['items'] ?? []) as readonly { id: string }[]).map(({ id }) => id)
}

const seqs = (answer: Answer) => ((answer?.['items'] ?? []) as readonly { seq: number }[]).map(({ seq }) => String(seq))

interface Alive {
  readonly id: string
  readonly tenantId: string
  readonly regionId: string | null
}

function rowsAlive({ admin }: Site): Promise<readonly Alive[]> {
  return admin<Alive[]>`
    select id, tenant_id as "tenantId", region_id as "regionId" from caliber.turn
    union all select id, tenant_id, region_id from caliber.artifact
    union all select id, tenant_id, region_id from caliber.note where status = 'live' and content like '%harbour%'`
}

function liveItems(rows: readonly Alive[], viewer: Viewer, facts: Facts): readonly string[] {
  return rows.filter((row) => isVisible(row, viewer, facts)).map(({ id }) => id)
}

async function visibleEvents({ admin }: Site, viewer: Viewer, facts: Facts): Promise<readonly string[]> {
  const events = await admin<Alive[]>`
    select seq::text as id, tenant_id as "tenantId", region_id as "regionId" from caliber.event where tenant_id = ${viewer.tenantId}`
  return events.filter((event) => isVisible(event, viewer, facts)).map(({ id }) => id)
}

function isVisible({ tenantId, regionId }: Alive, viewer: Viewer, facts: Facts): boolean {
  return maySee(viewer, { tenantId, regionIds: regionId === null ? [] : [regionId], isAdministrative: false }, facts)
}

function readable(viewer: Viewer, facts: Facts): readonly string[] {
  return [...facts.regions.values()].filter((region) => mayRead(viewer, region)).map(({ regionId }) => regionId)
}

const allRegions = ({ regions }: Facts) => [...new Set([...regions.values()].map(({ regionId }) => regionId))]

/** Without its lock nobody writes into a region that wants one. */
function writable(viewer: Viewer, facts: Facts): readonly string[] {
  return allRegions(facts).filter((regionId) => {
    const region = regionIn(facts, viewer.tenantId, regionId)
    return region !== undefined && region.writeRule === 'free' && mayWrite(viewer, region)
  })
}
