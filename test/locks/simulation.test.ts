/** The whole harness against locks in memory: sound ones pass, and each way of being wrong is found. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { check } from '../linearizability/check.ts'
import { someOrderFits } from '../linearizability/everyOrder.ts'
import { judge } from './judge.ts'
import type { Fault } from './leaseLock.ts'
import type { LockOperation, LockOutput } from './lockHistory.ts'
import { lockModel } from './lockModel.ts'
import { simulate } from './simulation.ts'

const world = { agents: 24, locks: 4, operations: 5_000 }

test('sound locks keep every promise, whatever the agents do to them', () => {
  const answers = new Set<string>()
  for (let seed = 1; seed <= 5; seed += 1) {
    const { violations, linearizable, answers: counted } = judge(simulate({ ...world, seed }))
    expect({ seed, violations, linearizable }).toEqual({ seed, violations: [], linearizable: 'ok' })
    for (const name of Object.keys(counted)) answers.add(name)
  }
  // Every way a call can end was taken.
  expect([...answers].sort()).toEqual([
    'acquire granted',
    'acquire held',
    'extend granted',
    'extend stale',
    'release released',
    'release stale',
    'write stale',
    'write written',
  ])
})

test('one seed gives one history', () => {
  expect(simulate({ ...world, seed: 7 })).toEqual(simulate({ ...world, seed: 7 }))
  expect(simulate({ ...world, seed: 7 })).not.toEqual(simulate({ ...world, seed: 8 }))
})

test.each<{ fault: Fault; shows: string | undefined }>([
  { fault: 'no row lock', shows: 'inversion' },
  { fault: 'fence unchecked', shows: 'inversion' },
  { fault: 'fence restarts', shows: 'fence fell' },
  { fault: 'shared ignored', shows: 'overlap' },
  // The order of the commits stays right, so the search alone can see it.
  { fault: 'expiry unchecked', shows: undefined },
])('locks with the fault "$fault" are found out', ({ fault, shows }) => {
  const { violations, linearizable } = judge(simulate({ ...world, seed: 1, fault }))

  expect(linearizable).toBe('illegal')
  if (shows === undefined) expect(violations).toEqual([])
  else expect(violations.map(({ kind }) => kind)).toContain(shows)
})

test('for small histories with an answer falsified, the verdict is that of trying every order', () => {
  const verdicts = { ok: 0, illegal: 0, unknown: 0 }
  const falsified = fc.record({
    seed: fc.nat(),
    operations: fc.integer({ min: 1, max: 7 }),
    at: fc.nat(6),
    by: fc.nat(),
  })
  fc.assert(
    fc.property(falsified, ({ seed, operations, at, by }) => {
      const history = simulate({ seed, agents: 3, locks: 1, operations }).map((operation, i) =>
        i === at ? falsify(operation, by) : operation,
      )
      const { verdict } = check(lockModel, history)
      expect(verdict).toBe(someOrderFits(lockModel, history) ? 'ok' : 'illegal')
      verdicts[verdict] += 1
    }),
    { numRuns: 2_000 },
  )
  expect(Math.min(verdicts.ok, verdicts.illegal)).toBeGreaterThan(100)
})

/** Another answer that such a call might get. */
function falsify(operation: LockOperation, by: number): LockOperation {
  const { input, output } = operation
  const fence = 1 + (by % 3)
  const untilMs = (output?.kind === 'granted' ? output.untilMs : operation.returnedAt) + (by % 5) * 8
  const others: Record<typeof input.kind, readonly LockOutput[]> = {
    acquire: [{ kind: 'held' }, { kind: 'granted', fence, untilMs }],
    extend: [{ kind: 'stale' }, { kind: 'granted', fence, untilMs }],
    release: [{ kind: 'stale' }, { kind: 'released' }],
    write: [{ kind: 'stale' }, { kind: 'written', position: fence }],
  }
  return { ...operation, output: others[input.kind][by % 2] }
}
