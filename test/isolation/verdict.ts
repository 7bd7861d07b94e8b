/** What is wrong with an answer: it shows what its viewer may not see, or says that it is there. */
import type { Credential } from './credentials.ts'
import { type Facts, maySee, type Place } from './facts.ts'
import type { Answer, Request, SurfaceName } from './surfaces.ts'
import { secretsIn } from './words.ts'

export interface Asked {
  readonly surface: SurfaceName
  readonly credential: Credential
  readonly request: Request
  readonly answer: Answer
  /** To the same request with ids that name nothing; undefined where it was not made. */
  readonly twin?: Answer | undefined
}

export interface Known {
  readonly facts: Facts
  readonly secrets: ReadonlyMap<string, Place>
}

/** Every fault of one answer, in words. */
export function faultsOf(asked: Asked, known: Known): readonly string[] {
  const { credential, request } = asked
  const faults = [...looseTalk(asked.answer)]
  if (request.operation.needs === 'none') return faults
  if (credential.standing !== 'live') return [...faults, ...entry(asked)]
  return [...faults, ...sights(asked, known), ...existence(asked, known)]
}

const uuids = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const digests = /\b[0-9a-f]{64}\b/g

/** What no answer may hold, whoever asked: words of the database, of the file system, of a stack. */
const inside =
  /\b(select|insert into|update|delete from)\b[^"]{0,80}\bcaliber\.|caliber_private|verified_tenant|pg_catalog|SQLSTATE|\bat \w+ \(|node_modules|\/(home|root|tmp|usr|work)\/|\.(ts|js):\d+/

function* looseTalk({ code, text }: Answer): Generator<string> {
  if (code === 'internal' || code === 'defect' || /^5\d\d (?!.*"(unavailable|timeout)")/s.test(text)) {
    yield `failed instead of refusing: ${shown(text)}`
  }
  if (code !== 'ok' && inside.test(text)) yield `tells of the inside: ${shown(text)}`
}

/** A credential that opens nothing is told that and no more. */
function* entry({ credential, answer }: Asked): Generator<string> {
  const expected = credential.standing === 'suspended' ? 'forbidden' : 'unauthenticated'
  if (answer.code !== expected) yield `was let in: ${answer.code} instead of ${expected}`
  if (secretsIn(answer.text).size > 0) yield `a refusal holds a secret: ${shown(answer.text)}`
}

function* sights({ credential: { viewer }, request, answer }: Asked, { facts, secrets }: Known): Generator<string> {
  if (!viewer) return
  for (const secret of secretsIn(answer.text)) {
    const place = secrets.get(secret)
    if (place && !maySee(viewer, place, facts)) yield `shows a secret of ${described(place)}`
  }
  const sent = JSON.stringify([request.input, request.fences])
  const oversees = request.operation.reach === 'tenant' && viewer.rights.includes('admin')
  // A key lists the regions that its maker named, whether there are such or not.
  const text = answer.text.replaceAll(/"regions":\[[^\]]*\]/g, '')
  const may = (place: Place) => maySee(viewer, place, facts) || (oversees && place.tenantId === viewer.tenantId)
  yield* namesIn(text, sent, may, facts)
}

/** The ids and digests in a text that name something its reader may not see, and did not send. */
export function* namesIn(text: string, sent: string, may: (place: Place) => boolean, facts: Facts): Generator<string> {
  for (const id of new Set([...(text.match(uuids) ?? []), ...(text.match(digests) ?? [])])) {
    const places = facts.places.get(id)
    if (!places || sent.includes(id) || places.some(may)) continue
    yield `names ${id} of ${places.map(described).join(', ')}`
  }
}

/** They find what they are given in whatever region of the tenant it lies. */
const distrusting = new Set(['memory.revoke', 'memory.restore'])

/** What is there and hidden must be answered as what is not there. */
function* existence({ credential: { viewer }, request, answer, twin }: Asked, { facts }: Known): Generator<string> {
  if (!twin) return
  const { operation, input } = request
  if (viewer?.rights.includes('admin') && distrusting.has(operation.name)) {
    const meant = JSON.stringify(input).match(uuids) ?? []
    if (meant.some((id) => facts.places.get(id)?.some(({ tenantId }) => tenantId === viewer.tenantId))) return
  }
  if (answer.code !== twin.code) {
    yield `answers ${answer.code} where something is hidden and ${twin.code} where nothing is`
    return
  }
  // Two writes that went through differ in what they made.
  if (answer.code === 'ok' && (operation.effect === 'write' || operation.effect === 'operate')) return
  const [here, there] = [withoutNames(answer.text), withoutNames(twin.text)]
  if (here !== there) yield `is answered differently where nothing is hidden: ${differing(here, there)}`
}

/** Ids, times and what follows from them: the two requests differ in those themselves. */
function withoutNames(text: string): string {
  return text
    .replaceAll(uuids, '<id>')
    .replaceAll(digests, '<digest>')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replaceAll(/"(date|content-length)":"[^"]*"/g, '"$1"')
    .replaceAll(/"(headSeq|eventSeq|seq|usedTokens|tokens|items)\\*":\d+/g, '"$1"')
}

function differing(here: string, there: string): string {
  let at = 0
  while (here[at] === there[at] && at < here.length) at += 1
  return `…${here.slice(Math.max(0, at - 40), at + 80)}… and …${there.slice(Math.max(0, at - 40), at + 80)}…`
}

function described({ tenantId, regionIds, isAdministrative }: Place): string {
  return `tenant ${tenantId}${regionIds.length > 0 ? ` region ${regionIds.join(' ')}` : isAdministrative ? ' administration' : ''}`
}

const shown = (text: string) => (text.length > 300 ? `${text.slice(0, 300)}…` : text)
