/**
 * Probes in batches: every operation on every surface with every credential in turn, each with inputs of its own, and
 * for a live credential now and then a request that somebody else made, word for word.
 *
 * After a batch its answers are judged against what the database holds by then, and what changed against who asked.
 */
import { type Random, seeded } from '../e2e/seeded.ts'
import { type Credential, credentialsOf } from './credentials.ts'
import { type Facts, maySee, type Place, type Row, readFacts, secretsOf } from './facts.ts'
import { type Footprints, footprintsOf, trespasses } from './footprints.ts'
import { type DrawnInput, drawInput, type Pool, withoutForeign } from './inputs.ts'
import type { Viewer } from './model.ts'
import { type AnyOperation, registry } from './product.ts'
import type { Site } from './site.ts'
import { type Answer, type Request, type SurfaceName, surfaces, surfacesOf } from './surfaces.ts'
import type { Tally } from './tally.ts'
import { type Asked, faultsOf } from './verdict.ts'
import { wordsOf } from './words.ts'
import { artifactName, regionNames, sourceName, type World } from './world.ts'

export interface Walk {
  readonly site: Site
  readonly world: World
  readonly seed: number
  readonly probes: number
  /** Every credential there is where left out. */
  readonly credentials?: readonly Credential[] | undefined
}

const batchProbes = 100
/** A credential that opens nothing is refused before an input is looked at. */
const batchRefused = 20

/** Make so many probes and count them. Stops early where `tally` has found enough. */
export async function probe(walk: Walk, tally: Tally): Promise<void> {
  const { site, world, seed, probes, credentials = credentialsOf(world, walk.site.ground.issuer) } = walk
  const random = seeded(seed)
  const secrets = secretsOf(world)
  const cells = shuffled(
    registry.flatMap((operation) => surfacesOf(operation).map((surface) => ({ operation, surface }))),
    random,
  )
  let facts = await readFacts(site.admin)
  let before = await footprintsOf(site.admin)
  for (let done = 0, turn = 0, cell = 0; done < probes && !tally.isFull; turn += 1) {
    const credential = credentials[turn % credentials.length] ?? random.pick(credentials)
    const pool = poolFor(credential.viewer, facts, world)
    const batch: Asked[] = []
    const size = credential.standing === 'live' ? batchProbes : batchRefused
    for (let i = 0; i < size && done < probes; i += 1, cell += 1) {
      const { operation, surface } = cells[cell % cells.length] ?? random.pick(cells)
      const asked = await ask(site, { world, pool, random, credential, operation, surface })
      done += asked.twin ? 2 : 1
      batch.push(asked)
    }
    // One step more per round, so that a credential does not meet the same cells in every turn.
    cell += 1
    facts = await readFacts(site.admin)
    const after = await footprintsOf(site.admin)
    judge(batch, { facts, secrets, before, after, credential }, tally)
    before = after
  }
}

interface Judged {
  readonly facts: Facts
  readonly secrets: ReadonlyMap<string, Place>
  readonly before: Footprints
  readonly after: Footprints
  readonly credential: Credential
}

function judge(batch: readonly Asked[], { facts, secrets, before, after, credential }: Judged, tally: Tally): void {
  for (const asked of batch) {
    tally.count(asked)
    for (const fault of faultsOf(asked, { facts, secrets })) tally.complain(asked, fault)
  }
  for (const group of trespasses(before, after, credential.viewer, facts)) {
    tally.complainOf(
      'effects',
      `${credential.name} changed ${group} in a batch of ${batch.map(({ request }) => request.operation.name).join(' ')}`,
    )
  }
}

interface Wish {
  readonly world: World
  readonly pool: Pool
  readonly random: Random
  readonly credential: Credential
  readonly operation: AnyOperation
  readonly surface: SurfaceName
}

async function ask(site: Site, wish: Wish): Promise<Asked> {
  const { random, credential, operation, surface, world, pool } = wish
  const send = (input: DrawnInput['input']): Promise<Answer> => surfaces[surface](site, { ...request, input })
  const drawn = drawInput(operation, pool, random)
  const replayed = random.below(4) === 0 ? replay(operation, credential, world, random) : undefined
  const request: Request = replayed ?? {
    operation,
    input: drawn.input,
    token: credential.token,
    ...extras(world, random),
  }
  const answer = await send(request.input)
  // A second request under one idempotency key is another case: that of a repetition.
  const isTwinned = request.idempotencyKey === undefined && credential.standing === 'live' && drawn.foreign.length > 0
  const twin = isTwinned ? await send(withoutForeign(drawn, random)) : undefined
  return { surface, credential, request, answer, twin }
}

/** The headers beside an input: keys and fences that others use. */
function extras({ tenants }: World, random: Random): Pick<Request, 'idempotencyKey' | 'fences'> {
  const { writes, fence } = random.pick(tenants)
  const idempotencyKey = random.below(4) === 0 ? random.pick(writes).idempotencyKey : undefined
  return { idempotencyKey, fences: random.below(4) === 0 ? [fence] : undefined }
}

/** What somebody else was answered before, asked for again under the same idempotency key. */
function replay(
  operation: AnyOperation,
  { token, viewer }: Credential,
  { tenants }: World,
  random: Random,
): Request | undefined {
  const others = tenants
    .flatMap(({ writes }) => writes)
    .filter((write) => write.operation === operation.name && !isSame(write.principal, viewer))
  if (others.length === 0) return undefined
  const { input, idempotencyKey, fences } = random.pick(others)
  return { operation, input: input as Request['input'], token, idempotencyKey, fences }
}

/** A credential that is narrowed is somebody else than the principal it stands for. */
function isSame(author: Viewer | undefined, viewer: Viewer | undefined): boolean {
  return author?.principalId === viewer?.principalId && viewer?.regions === undefined
}

/** What a viewer's inputs are drawn from. Without a viewer everything is foreign. */
function poolFor(viewer: Viewer | undefined, facts: Facts, { tenants }: World): Pool {
  const foreign = new Map<string, string[]>()
  const own = new Map<string, string[]>()
  const everybody = viewer && { ...viewer, principalId: 'somebody' }
  for (const row of facts.rows) {
    const { noun, id, place } = row
    // What two tenants call alike is nobody's alone.
    if (new Set(facts.places.get(id)?.map(({ tenantId }) => tenantId)).size > 1) continue
    if (!viewer || isOthers(viewer, row, facts)) foreign.set(noun, [...(foreign.get(noun) ?? []), id])
    else if (everybody && maySee(everybody, place, facts)) own.set(noun, [...(own.get(noun) ?? []), id])
  }
  const baits = tenants.flatMap(({ number }) => regionNames.map((name) => wordsOf(number, name).bait))
  return { foreign, own, texts: [...baits, sourceName, artifactName, 'harbour', "' or true --", '%'] }
}

function isOthers(viewer: Viewer, { noun, place, principalId }: Row, facts: Facts): boolean {
  if (place.tenantId !== viewer.tenantId) return true
  const isAdministered = principalId !== null || noun === 'region' || noun === 'distrust'
  if (isAdministered && viewer.rights.includes('admin')) return false
  return principalId !== null ? principalId !== viewer.principalId : !maySee(viewer, place, facts)
}

function shuffled<T>(things: readonly T[], random: Random): readonly T[] {
  return things
    .map((thing) => ({ thing, at: random.below(2 ** 30) }))
    .sort((a, b) => a.at - b.at)
    .map(({ thing }) => thing)
}
