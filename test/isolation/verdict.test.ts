/** What the judge of the probes lets pass, and what it must not: each by an answer that is right and one that is wrong. */
import { describe, expect, test } from 'vitest'
import type { Credential } from './credentials.ts'
import type { Facts, Place } from './facts.ts'
import { trespasses } from './footprints.ts'
import type { RegionFacts, Viewer } from './model.ts'
import { registry } from './product.ts'
import { faultsOf } from './verdict.ts'

const ids = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`
const [tenantId, otherTenantId, openId, closedId] = [ids(1), ids(2), ids(3), ids(4)]
const [openNote, closedNote, othersNote, openDistrust, closedDistrust] = [ids(5), ids(6), ids(7), ids(8), ids(9)]
const admin: Viewer = { tenantId, principalId: ids(10), rights: ['read', 'write', 'admin'] }
const reader: Viewer = { tenantId, principalId: ids(11), rights: ['read', 'write'] }

const region = (regionId: string, kind: string): RegionFacts => ({
  tenantId,
  regionId,
  kind,
  ownerId: ids(12),
  writeRule: 'free',
  grants: {},
})
const place = (regionId: string, of = tenantId): Place => ({
  tenantId: of,
  regionIds: [regionId],
  isAdministrative: false,
})
const facts: Facts = {
  regions: new Map([
    [`${tenantId} ${openId}`, region(openId, 'collaborative')],
    [`${tenantId} ${closedId}`, region(closedId, 'private')],
  ]),
  rows: [],
  places: new Map([
    [openId, [place(openId)]],
    [closedId, [place(closedId)]],
    [openNote, [place(openId)]],
    [closedNote, [place(closedId)]],
    [othersNote, [place(openId, otherTenantId)]],
    // A distrust reaches as many regions as what was derived lies in.
    [openDistrust, [place(closedId), place(openId)]],
    [closedDistrust, [place(closedId)]],
  ]),
}

describe('what distrusting shows', () => {
  const setAside = (more: object) => ({
    items: [
      { itemId: openNote, regionId: openId, distrustId: openDistrust, reason: 'bait', revokedBy: ids(10), ...more },
    ],
  })
  const told = (more: object) => ({
    items: [{ seq: 9, kind: 'memory.revoked', subjectId: openDistrust, regionId: openId, data: { items: 1 }, ...more }],
    headSeq: 9,
  })

  test.each([
    ['memory.quarantine', setAside({}), []],
    ['memory.quarantine', setAside({ itemId: closedNote }), [closedNote]],
    ['memory.quarantine', setAside({ regionId: closedId }), [closedId]],
    ['memory.quarantine', setAside({ distrustId: closedDistrust }), [closedDistrust]],
    ['event.since', told({}), []],
    ['event.since', told({ kind: 'memory.restored' }), []],
    ['event.since', told({ regionId: closedId }), [closedId]],
    ['event.since', told({ subjectId: closedDistrust }), [closedDistrust]],
    ['event.since', told({ data: { items: closedNote } }), [closedNote]],
  ])('%s %j', (operation, output, named) => {
    expect(judged(reader, operation, {}, JSON.stringify(output))).toEqual(
      named.map((id) => expect.stringContaining(`names ${id}`)),
    )
  })
})

describe('whether distrusting tells that something is there', () => {
  test.each([
    ['memory.revoke', closedNote, admin, 0],
    ['memory.restore', closedDistrust, admin, 0],
    ['memory.revoke', othersNote, admin, 1],
    ['memory.forget', closedNote, admin, 1],
    ['memory.revoke', closedNote, reader, 1],
  ])('%s of %s', (operation, id, viewer, faults) => {
    expect(judged(viewer, operation, { id }, '{}', { code: 'not_found', text: '{}' })).toHaveLength(faults)
  })
})

describe('where distrusting changes something', () => {
  const changed = (viewer: Viewer, group: object) =>
    trespasses(
      new Map(),
      new Map([[JSON.stringify({ tenantId, part: closedId, kind: null, ...group }), '1']]),
      viewer,
      facts,
    )

  test('is everywhere in the tenant for its administrators', () => {
    expect(changed(admin, { table: 'caliber.event', kind: 'memory.revoked' })).toEqual([])
    expect(changed(admin, { table: 'caliber.event', kind: 'memory.restored' })).toEqual([])
    expect(changed(admin, { table: 'caliber.quarantine' })).toEqual([])
  })

  test('is nowhere else, for nobody else, and nothing else', () => {
    expect(changed(admin, { table: 'caliber.event', kind: 'note.recorded' })).toHaveLength(1)
    expect(changed(admin, { table: 'caliber.note' })).toHaveLength(1)
    expect(changed(admin, { table: 'caliber.quarantine', tenantId: otherTenantId })).toHaveLength(1)
    expect(changed(reader, { table: 'caliber.event', kind: 'memory.revoked' })).toHaveLength(1)
    expect(changed(reader, { table: 'caliber.quarantine' })).toHaveLength(1)
  })

  test('is where somebody writes, for what is derived from what is set aside', () => {
    expect(changed(reader, { table: 'caliber.quarantine', part: openId })).toEqual([])
  })
})

function judged(
  viewer: Viewer,
  name: string,
  input: Record<string, unknown>,
  text: string,
  twin?: { code: string; text: string },
) {
  const operation = registry.find((each) => each.name === name)
  if (!operation) throw new Error(`There is no operation ${name}.`)
  const credential: Credential = { name: 'somebody', token: 'x', standing: 'live', viewer }
  const request = { operation, input, token: 'x' }
  return faultsOf(
    { surface: 'dispatch', credential, request, answer: { code: 'ok', text }, twin },
    { facts, secrets: new Map() },
  )
}
