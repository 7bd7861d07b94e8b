/** The checker against the definition, on random small histories; fast-check prints the seed of a failure. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { check } from './check.ts'
import { someOrderFits } from './everyOrder.ts'
import type { Operation } from './history.ts'
import { type RegisterInput, type RegisterOutput, register } from './register.ts'

type RegisterOperation = Operation<RegisterInput, RegisterOutput>

const value = fc.integer({ min: 0, max: 2 })
const input = fc.oneof(
  fc.constant<RegisterInput>({ kind: 'read' }),
  fc.record({ kind: fc.constant('write' as const), value }),
  fc.record({ kind: fc.constant('compareAndSet' as const), expected: value, value }),
)

/** Operations of a real register: each takes effect at a moment of its own, called some time before, answered after. */
const lived = (maxLength: number) =>
  fc.array(fc.record({ input, before: fc.nat(6), after: fc.nat(6), lost: fc.nat(9) }), { maxLength }).map((calls) => {
    let held: number | null = null
    return calls.map((call, i): RegisterOperation => {
      const { after, output } = atOnce(held, call.input)
      held = after
      const returnedAt = call.lost === 0 ? Number.POSITIVE_INFINITY : i + call.after
      return {
        process: i,
        input: call.input,
        output: call.lost === 0 ? undefined : output,
        calledAt: i - call.before,
        returnedAt,
      }
    })
  })

/** Any answers at all, at any times. */
const claimed = fc.array(
  fc
    .record({ input, calledAt: fc.nat(12), lasts: fc.nat(6), lost: fc.nat(9), found: value, succeeded: fc.boolean() })
    .map(({ input, calledAt, lasts, lost, found, succeeded }): RegisterOperation => {
      const answers = { read: found, write: 'written', compareAndSet: succeeded } as const
      const returnedAt = lost === 0 ? Number.POSITIVE_INFINITY : calledAt + lasts
      return { process: 0, input, output: lost === 0 ? undefined : answers[input.kind], calledAt, returnedAt }
    }),
  { maxLength: 7 },
)

test('what a real register answered is accepted, however the calls overlap', () => {
  fc.assert(
    fc.property(lived(60), (history) => {
      expect(check(register, history).verdict).toBe('ok')
    }),
    { numRuns: 500 },
  )
})

test('with one answer falsified, the verdict is that of trying every order', () => {
  const verdicts = { ok: 0, illegal: 0, unknown: 0 }
  fc.assert(
    fc.property(lived(7), fc.nat(6), fc.nat(2), (history, at, found) => {
      const falsified = history.map((operation, i) => (i === at ? falsify(operation, found) : operation))
      verdicts[agreedVerdict(falsified)] += 1
    }),
    { numRuns: 3_000 },
  )
  expect(Math.min(verdicts.ok, verdicts.illegal)).toBeGreaterThan(100)
})

test('for any answers at any times, the verdict is that of trying every order', () => {
  const verdicts = { ok: 0, illegal: 0, unknown: 0 }
  fc.assert(
    fc.property(claimed, (history) => {
      verdicts[agreedVerdict(history)] += 1
    }),
    { numRuns: 5_000 },
  )
  expect(Math.min(verdicts.ok, verdicts.illegal)).toBeGreaterThan(100)
})

function agreedVerdict(history: readonly RegisterOperation[]) {
  const { verdict } = check(register, history)
  expect(verdict).toBe(someOrderFits(register, history) ? 'ok' : 'illegal')
  return verdict
}

/** The register itself, without a model. */
function atOnce(held: number | null, asked: RegisterInput): { after: number | null; output: RegisterOutput } {
  switch (asked.kind) {
    case 'read':
      return { after: held, output: held }
    case 'write':
      return { after: asked.value, output: 'written' }
    case 'compareAndSet':
      return held === asked.expected ? { after: asked.value, output: true } : { after: held, output: false }
  }
}

function falsify(operation: RegisterOperation, found: number): RegisterOperation {
  const { output } = operation
  if (typeof output === 'boolean') return { ...operation, output: !output }
  return operation.input.kind === 'read' ? { ...operation, output: found } : operation
}
