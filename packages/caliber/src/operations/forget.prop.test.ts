/**
 * After forgetting, a memory that followed the log, one that is built from it, and one of a tenant that never had the
 * items are the same, down to every score and every token of a window. fast-check prints the seed.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createRuntime } from '../local/runtime.ts'
import { callsAs, type TestCaliber, type TestPrincipal, testCaliber } from './testing/tenant.ts'

let caliber: TestCaliber

beforeAll(async () => {
  caliber = await testCaliber()
})
afterAll(() => caliber.close())

const words = ['heron', 'egret', 'stork', 'crane', 'ibis', 'bittern', 'flies', 'nests', 'sings', 'north', 'south']
const said = fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 8 }).map((chosen) => chosen.join(' '))
/** Which of the items before: by a number that is taken modulo how many there are. */
const sources = fc.array(fc.nat(1_000), { maxLength: 3 })

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('turn' as const), scope: fc.nat(1), content: said }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('note' as const),
      content: said,
      sources,
      level: fc.constantFrom('raw', 'summary'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('replacement' as const), of: fc.nat(1_000), content: said }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('revision' as const), name: fc.nat(2), content: said, sources }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** A step with what it names resolved to numbers of other steps, so that it means the same for every tenant. */
type Planned = Step & { readonly at: string; readonly from: readonly number[] }

test('a memory that forgot, one built anew and one that never had it answer alike', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 4, maxLength: 25 }),
      fc.array(fc.nat(1_000), { minLength: 1, maxLength: 3 }),
      async (steps, chosen) => {
        const plan = planned(steps)
        const [forgetful, innocent] = [await caliber.tenant(), await caliber.tenant()]
        const ids = await carryOut(forgetful, plan, () => true)
        await forgetful.call('memory.search', { query: 'heron' })

        const made = [...new Set(ids)]
        const items = chosen.map((i) => made[i % made.length])
        const forgotten = await forgetful.call<{ items: { id: string }[] }>('memory.forget', { items, reason: 'r' })
        const gone = new Set(forgotten.items.map(({ id }) => id))
        await carryOut(innocent, plan, (i) => !gone.has(ids[i] ?? ''))

        const anew = await createRuntime(caliber.sessions)
        const rebuilt = callsAs({ ...forgetful, rights: ['read'] }, anew)
        const expected = await answers(innocent)
        expect(await answers(forgetful)).toEqual(expected)
        expect(await answers(rebuilt)).toEqual(expected)
        await anew.close()
        expect(await forgetful.call('memory.verify', {})).toMatchObject({ ok: true })
      },
    ),
    { numRuns: 12 },
  )
})

function planned(steps: readonly Step[]): readonly Planned[] {
  const plan: Planned[] = []
  const named = (kinds: readonly Step['kind'][]) => plan.flatMap(({ kind }, i) => (kinds.includes(kind) ? [i] : []))
  const replaced = new Set<number>()
  const contents = new Map<number, string>()
  for (const [i, one] of steps.entries()) {
    const at = new Date(Date.UTC(2026, 0, 1, 0, i)).toISOString()
    const pick = (numbers: readonly number[], kinds: readonly Step['kind'][]) => {
      const open = named(kinds)
      return open.length === 0 ? [] : [...new Set(numbers.map((n) => open[n % open.length] ?? 0))]
    }
    if (one.kind === 'note')
      plan.push({ ...one, at, from: pick(one.sources, ['turn', 'note', 'replacement', 'revision']) })
    else if (one.kind === 'revision') {
      // What an artifact holds already makes no revision of it, and no lineage.
      if (contents.get(one.name) === one.content) continue
      contents.set(one.name, one.content)
      plan.push({ ...one, at, from: pick(one.sources, ['turn']) })
    } else if (one.kind === 'replacement') {
      const live = named(['note', 'replacement']).filter((n) => !replaced.has(n))
      const of = live[one.of % Math.max(1, live.length)]
      if (of === undefined) continue
      replaced.add(of)
      plan.push({ ...one, at, from: [of] })
    } else plan.push({ ...one, at, from: [] })
  }
  return plan
}

/** @returns the id that each step made */
async function carryOut(
  tenant: TestPrincipal,
  plan: readonly Planned[],
  isWanted: (step: number) => boolean,
): Promise<readonly string[]> {
  const { trajectoryId } = await tenant.call<{ trajectoryId: string }>('trajectory.start', { name: 't' })
  const scopes: string[] = []
  for (const name of ['first', 'second']) {
    scopes.push((await tenant.call<{ scopeId: string }>('scope.open', { trajectoryId, name })).scopeId)
  }
  const ids: string[] = []
  const kindOf = (i: number) =>
    ({ turn: 'turn', note: 'note', replacement: 'note', revision: 'artifact' })[plan[i]?.kind ?? 'turn']
  for (const [i, one] of plan.entries()) {
    if (!isWanted(i)) {
      ids.push('')
      continue
    }
    const { content } = one
    if (one.kind === 'turn') {
      const turns = [{ role: 'user', content, at: one.at }]
      const appended = await tenant.call<{ turns: { turnId: string }[] }>('turn.append', {
        scopeId: scopes[one.scope],
        turns,
      })
      ids.push(appended.turns[0]?.turnId ?? '')
    } else if (one.kind === 'note') {
      const made = one.from.map((n) => ({ kind: kindOf(n), id: ids[n] }))
      const note = { subject: 's', content, level: one.level, sources: made }
      ids.push((await tenant.call<{ noteId: string }>('note.record', note)).noteId)
    } else if (one.kind === 'replacement') {
      const input = { noteId: ids[one.from[0] ?? 0], content }
      ids.push((await tenant.call<{ note: { noteId: string } }>('note.supersede', input)).note.noteId)
    } else {
      const provenance = { sourceTurnIds: one.from.map((n) => ids[n]) }
      const output = { trajectoryId, type: 'plan', name: `plan ${one.name}`, content, provenance }
      ids.push((await tenant.call<{ artifactId: string }>('artifact.put', output)).artifactId)
    }
  }
  return ids
}

/** What can be told from outside, without ids and times of storing. */
async function answers(tenant: TestPrincipal): Promise<readonly unknown[]> {
  const told: unknown[] = []
  for (const query of [...words, 'heron flies north', 'stork nests south sings']) {
    const { items } = await tenant.call<{ items: { text: string; score: number }[] }>('memory.search', {
      query,
      limit: 50,
    })
    told.push(items.map(({ text, score }) => [text, score]))
  }
  const scopes = await tenant.call<{ items: { scopeId: string; name: string }[] }>('scope.list', {})
  for (const { scopeId } of scopes.items.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const window = await tenant.call<{ text: string; receipt: { usedTokens: number } }>('context.assemble', {
      scopeId,
      query: 'heron',
      budgetTokens: 150,
    })
    told.push([window.text.replaceAll(/\[\d{4}-\d\d-\d\d \d\d:\d\d /g, '['), window.receipt.usedTokens])
    const { usedTokens } = await tenant.call<{ usedTokens: number }>('scope.get', { scopeId })
    told.push(usedTokens)
  }
  return told
}
