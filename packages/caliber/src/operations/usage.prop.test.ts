/**
 * Whatever two processes ask models for, whatever fails on the way: the database counts what a naive sum counts, and no tenant goes
 * beyond its limit by more than what was under way and what the other process could not know of yet. fast-check prints the seed.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Sessions } from '../db/session.ts'
import { type Asking, Meter } from '../derive/use/meter.ts'
import { addUse } from '../derive/use/useStore.ts'
import { CaliberError } from '../domain/errors.ts'
import { useKinds } from '../domain/modelUse.ts'
import { operatorOf } from '../domain/tenant.ts'
import { type TestCaliber, type TestTenant, testCaliber } from './testing/tenant.ts'

let caliber: TestCaliber
beforeAll(async () => {
  caliber = await testCaliber()
})
afterAll(() => caliber.close())

const limitTokens = 1_000
const mostTokens = 50
const mostAtOnce = 3

/** One asking. `kept`: stored with what was made; `lost`: that transaction failed; `behind`: nothing is kept of it. */
const asking = fc.record({
  process: fc.nat(1),
  tenant: fc.nat(1),
  kind: fc.constantFrom(...useKinds),
  inputTokens: fc.integer({ min: 1, max: mostTokens }),
  outputTokens: fc.integer({ min: 0, max: mostTokens }),
  answers: fc.integer({ min: 0, max: 2 }),
  end: fc.constantFrom('kept' as const, 'kept' as const, 'lost' as const, 'behind' as const, 'fails' as const),
})
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('ask' as const),
      askings: fc.array(asking, { minLength: 1, maxLength: mostAtOnce }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('later' as const), ms: fc.integer({ min: 1, max: 9_000 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('away' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('back' as const) }) },
)
type Asked = typeof asking extends fc.Arbitrary<infer T> ? T : never
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never
const run = fc.array(step, { minLength: 30, maxLength: 120, size: 'max' })

/** Each process: an eighth of what was left, what it has under way, and as much that is stored in a moment. */
const mostBeyond = 2 * (limitTokens / 8 + 2 * mostAtOnce * 2 * 2 * mostTokens)

test('what is stored is what was counted, and the limit holds', async () => {
  let refusals = 0
  await fc.assert(
    fc.asyncProperty(run, async (steps) => {
      const { sums, tenants, refused } = await carryOut(steps, caliber.sessions)
      refusals += refused
      expect(await Promise.all(tenants.map(stored))).toEqual(sums)
      expect((sums[0]?.tokens ?? 0) - limitTokens).toBeLessThanOrEqual(mostBeyond)
    }),
    { numRuns: 25 },
  )
  expect(refusals).toBeGreaterThan(0)
})

test('two processes that take turns notice each other long before their looks at the day are old', async () => {
  const one = { tenant: 0, kind: 'summary', inputTokens: 5, outputTokens: 5, answers: 1, end: 'kept' }
  const steps = Array.from({ length: 400 }, (_, i) => ({ kind: 'ask', askings: [{ ...one, process: i % 2 }] }))
  const { sums } = await carryOut(steps as readonly Step[], caliber.sessions)
  expect(sums[0]?.tokens).toBeGreaterThanOrEqual(limitTokens)
  expect(sums[0]?.tokens).toBeLessThanOrEqual(limitTokens + limitTokens / 8 + 20)
})

test('what is not stored yet counts as well, however often the day is looked at meanwhile', async () => {
  const { tenantId, call } = await caliber.tenant()
  await call('tenant.limit', { tenantId, modelTokensPerDay: 100 })
  let nowMs = 0
  // Nothing is stored behind before it closes.
  const untilClosed = (_: number, signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve())
    })
  const meter = new Meter(caliber.sessions, { now: () => new Date(nowMs), wait: untilClosed })
  const question = {
    kind: 'question',
    model: 'm',
    isLocal: false,
    estimate: () => ({ inputTokens: 10, outputTokens: 0 }),
    ask: async () => 'answer',
  } as const
  for (let i = 0; i < 10; i += 1) {
    meter.countBehind(tenantId, (await meter.ask(tenantId, question)).use)
    nowMs += 10_000
  }
  await expect(meter.ask(tenantId, question)).rejects.toMatchObject({ code: 'quota_exceeded' })
  await meter.close()
  expect(await stored({ tenantId })).toEqual({ calls: 10, tokens: 100 })
})

test('negative control: processes that do not see the limit go beyond all that', async () => {
  const blind: Sessions = {
    ...caliber.sessions,
    async run(claims, work, options) {
      const answer = await caliber.sessions.run(claims, work, options)
      const isToday = typeof answer === 'object' && answer !== null && 'limitTokens' in answer
      return isToday ? { ...answer, limitTokens: null } : answer
    },
  }
  const one = { process: 0, tenant: 0, kind: 'summary', inputTokens: 50, outputTokens: 50, answers: 2, end: 'kept' }
  const steps = Array.from({ length: 60 }, () => ({ kind: 'ask', askings: [one] })) as readonly Step[]
  expect((await carryOut(steps, blind)).sums[0]?.tokens).toBeGreaterThan(limitTokens + mostBeyond)
  expect((await carryOut(steps, caliber.sessions)).sums[0]?.tokens).toBeLessThan(limitTokens + 4 * mostTokens)
})

/** Two processes and two tenants, the first of them with a limit. @returns what was counted for each, and how often it was refused */
async function carryOut(steps: readonly Step[], real: Sessions) {
  const limited = await caliber.tenant()
  const tenants = [limited, await caliber.tenant()]
  await limited.call('tenant.limit', { tenantId: limited.tenantId, modelTokensPerDay: limitTokens })
  let nowMs = 0
  let isAway = false
  let back = () => {}
  let returned = Promise.resolve()
  const away = new CaliberError('unavailable', 'The database is away.')
  const sessions: Sessions = {
    ...real,
    run: (...call) => (isAway ? Promise.reject(away) : real.run(...call)),
  }
  const options = { now: () => new Date(nowMs), wait: () => returned }
  const meters = [new Meter(sessions, options), new Meter(sessions, options)]
  const sums = tenants.map(() => ({ calls: 0, tokens: 0 }))
  let refused = 0

  const ask = async (one: Asked): Promise<void> => {
    const meter = meters[one.process]
    const { tenantId } = tenants[one.tenant] ?? limited
    const tokens = { inputTokens: one.inputTokens, outputTokens: one.outputTokens }
    const add = () => {
      const sum = sums[one.tenant]
      if (!sum) return
      sum.calls += 1
      sum.tokens += one.inputTokens + one.outputTokens
    }
    const question: Asking<string> = {
      kind: one.kind,
      model: 'm',
      isLocal: false,
      estimate: () => {
        add()
        return tokens
      },
      ask: async (counted) => {
        for (let i = 0; i < one.answers; i += 1) {
          await Promise.resolve()
          add()
          counted(tokens)
        }
        if (one.end === 'fails') throw new Error('failed')
        return 'answer'
      },
    }
    const asked = await meter?.ask(tenantId, question).catch((error: unknown) => {
      if (error instanceof CaliberError && error.code === 'quota_exceeded') {
        refused += 1
        // Nobody without a limit is refused.
        expect(one.tenant).toBe(0)
      }
    })
    if (!asked) return
    if (one.end === 'behind') return meter?.countBehind(tenantId, asked.use)
    const claims = { tenantId, principalId: operatorOf(tenantId), reach: 'all' } as const
    const store = () =>
      sessions.run(claims, async (sql) => {
        await addUse(sql, asked.use)
        if (one.end === 'lost') throw new Error('rolled back')
      })
    await meter?.storing(tenantId, asked.use, store).catch(() => undefined)
  }

  for (const one of steps) {
    if (one.kind === 'ask') await Promise.all(one.askings.map(ask))
    else if (one.kind === 'later') nowMs += one.ms
    else if (one.kind === 'away' && !isAway) {
      isAway = true
      returned = new Promise((resolve) => {
        back = resolve
      })
    } else if (one.kind === 'back') {
      isAway = false
      back()
    }
  }
  isAway = false
  back()
  for (const meter of meters) await meter.close()
  return { sums, tenants, refused }
}

async function stored({ tenantId }: Pick<TestTenant, 'tenantId'>): Promise<{ calls: number; tokens: number }> {
  const [sum] = await caliber.admin<{ calls: number; tokens: number }[]>`
    select coalesce(sum(calls), 0)::int as calls, coalesce(sum(input_tokens + output_tokens), 0)::int as tokens
    from caliber.usage where tenant_id = ${tenantId}`
  return { calls: sum?.calls ?? 0, tokens: sum?.tokens ?? 0 }
}
