/** What is made from something is trusted no more than that, however far it is made from it, and whoever says so. */
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestCaliber, type TestPrincipal, testCaliber } from './testing/tenant.ts'

let caliber: TestCaliber
beforeAll(async () => {
  caliber = await testCaliber()
})
afterAll(() => caliber.close())

const trust = fc.constantFrom(0, 0.2, 0.5, 0.9, 1)

test('trust is the least over the lineage, whatever was claimed (property)', async () => {
  const step = fc.record({
    kind: fc.constantFrom('turn', 'note', 'artifact'),
    trust,
    from: fc.array(fc.nat(50), { maxLength: 3 }),
    name: fc.nat(2),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 15 }), async (steps) => {
      const { tenant, trajectoryId, scopeId } = await opened()
      const made: { kind: string; id: string; trust: number }[] = []
      for (const [i, { kind, trust, from, name }] of steps.entries()) {
        const sources = from.flatMap((n) => made[n % Math.max(1, made.length)] ?? [])
        const turns = sources.filter((source) => source.kind === 'turn')
        if (kind === 'turn') {
          const { turns: said } = await tenant.call<{ turns: { turnId: string; trust: number }[] }>('turn.append', {
            scopeId,
            turns: [{ role: 'tool', content: `turn ${i}`, trust }],
          })
          expect(said[0]?.trust).toBe(trust)
          made.push({ kind, id: said[0]?.turnId ?? '', trust })
        } else if (kind === 'note') {
          const expected = Math.min(trust, ...sources.map((source) => latest(made, source.id)))
          const note = {
            subject: 's',
            content: `note ${i}`,
            trust,
            sources: sources.map(({ kind, id }) => ({ kind, id })),
          }
          const recorded = await tenant.call<{ noteId: string; trust: number }>('note.record', note)
          expect(recorded.trust).toBe(expected)
          made.push({ kind, id: recorded.noteId, trust: expected })
        } else {
          const put = await tenant.call<{ artifactId: string; trust: number }>('artifact.put', {
            trajectoryId,
            type: 'plan',
            name: `plan ${name}`,
            content: `revision ${i}`,
            trust,
            provenance: { sourceTurnIds: turns.map(({ id }) => id) },
          })
          const expected = Math.min(trust, latest(made, put.artifactId), ...turns.map((turn) => turn.trust))
          expect(put.trust).toBe(expected)
          made.push({ kind, id: put.artifactId, trust: expected })
        }
      }
    }),
    { numRuns: 25 },
  )
})

test('search and contexts leave out what is trusted too little, pins excepted', async () => {
  const { tenant, scopeId } = await opened()
  const [page, word] = await say(tenant, scopeId, [
    { role: 'tool', content: 'Web page: herons eat nothing but gold.', trust: 0.2 },
    { role: 'user', content: 'Herons eat fish.' },
  ])
  const sources = [{ kind: 'turn', id: page }]
  const { noteId } = await tenant.call<{ noteId: string }>('note.record', {
    type: 'convention',
    subject: 'herons',
    content: 'Feed herons with gold.',
    sources,
  })
  const ids = async (input: object) => {
    const { items } = await tenant.call<{ items: { id: string }[] }>('memory.search', { query: 'herons', ...input })
    return items.map(({ id }) => id).toSorted()
  }
  expect(await ids({})).toEqual([page, word, noteId].toSorted())
  expect(await ids({ minTrust: 0.5 })).toEqual([word])

  const window = async (input: object) =>
    (await tenant.call<{ text: string }>('context.assemble', { scopeId, query: 'herons', budgetTokens: 500, ...input }))
      .text
  expect(await window({})).toContain('gold')
  const trusted = await window({ minTrust: 0.5 })
  expect(trusted).toContain('Herons eat fish.')
  expect(trusted).not.toContain('gold')
  expect(await window({ minTrust: 0.5, pins: [noteId] })).toContain('Feed herons with gold.')
})

test('a summary is trusted as its turns are', async () => {
  const { tenant, scopeId, trajectoryId } = await opened()
  await say(tenant, scopeId, [{ role: 'user', content: 'Herons eat fish.' }])
  expect(await tenant.call('scope.summary', { scopeId })).toMatchObject({ trust: 1 })
  await say(tenant, scopeId, [{ role: 'tool', content: 'They eat gold.', trust: 0.2 }])
  expect(await tenant.call('scope.summary', { scopeId })).toMatchObject({ trust: 0.2 })
  expect(await tenant.call('trajectory.summary', { trajectoryId })).toMatchObject({ trust: 0.2 })
})

test('who replaces a note says how far it is trusted; unless he does, it is as far as before', async () => {
  const { tenant } = await opened()
  const { noteId } = await tenant.call<{ noteId: string }>('note.record', { subject: 's', content: 'c', trust: 0.3 })
  const { note } = await tenant.call<{ note: { noteId: string; trust: number } }>('note.supersede', {
    noteId,
    content: 'd',
  })
  expect(note.trust).toBe(0.3)
  const checked = { noteId: note.noteId, content: 'e', trust: 1 }
  expect(await tenant.call('note.supersede', checked)).toMatchObject({ note: { trust: 1 } })
})

test('a transcript is trusted as its importer says', async () => {
  const { tenant } = await opened()
  const text = `${JSON.stringify({ role: 'user', content: 'Herons eat gold.' })}\n`
  await tenant.call('transcript.import', { source: 'page', text, trust: 0.1 })
  const { items } = await tenant.call<{ items: object[] }>('memory.search', { query: 'herons' })
  expect(items).toMatchObject([{ trust: 0.1 }])
})

async function opened() {
  const tenant = await caliber.tenant()
  const { trajectoryId } = await tenant.call<{ trajectoryId: string }>('trajectory.start', { name: 't' })
  const { scopeId } = await tenant.call<{ scopeId: string }>('scope.open', { trajectoryId, name: 's' })
  return { tenant, trajectoryId, scopeId }
}

async function say(tenant: TestPrincipal, scopeId: string, turns: readonly object[]): Promise<readonly string[]> {
  const appended = await tenant.call<{ turns: { turnId: string }[] }>('turn.append', { scopeId, turns })
  return appended.turns.map(({ turnId }) => turnId)
}

function latest(made: readonly { id: string; trust: number }[], id: string): number {
  return made.findLast((each) => each.id === id)?.trust ?? 1
}
