/** The checker on histories small enough to judge by eye, and at its limits. */
import { expect, test } from 'vitest'
import { check } from './check.ts'
import type { Operation } from './history.ts'
import { keyValue } from './keyValue.ts'
import { type RegisterInput, type RegisterOutput, register } from './register.ts'

const never = Number.POSITIVE_INFINITY

test('an empty history is linearizable', () => {
  expect(check(register, [])).toEqual({ verdict: 'ok', steps: 0 })
})

test('a read that overlaps a write may see it or not', () => {
  expect(check(register, [write(1, 0, 10), read(null, 2, 4)]).verdict).toBe('ok')
  expect(check(register, [write(1, 0, 10), read(1, 2, 4)]).verdict).toBe('ok')
})

test('once a read has seen a write, a later one cannot miss it', () => {
  const history = [write(1, 0, 10), read(1, 2, 4), read(null, 5, 7)]

  expect(check(register, history)).toMatchObject({ verdict: 'illegal', part: 'register', blocked: history[2] })
})

test('what returned before another was called comes first', () => {
  expect(check(register, [write(1, 0, 1), write(2, 2, 3), read(1, 4, 5)]).verdict).toBe('illegal')
  expect(check(register, [write(1, 0, 1), write(2, 2, 3), read(2, 4, 5)]).verdict).toBe('ok')
})

test('an end and a beginning at the same time count as overlapping', () => {
  expect(check(register, [write(1, 0, 1), read(null, 1, 2)]).verdict).toBe('ok')
  expect(check(register, [write(1, 0, 1), read(null, 2, 3)]).verdict).toBe('illegal')
})

test('a write without an answer may have happened, at once or late, or never', () => {
  expect(check(register, [write(1, 0, never), read(null, 2, 3), read(1, 4, 5)]).verdict).toBe('ok')
  expect(check(register, [write(1, 0, never), read(null, 2, 3), read(null, 4, 5)]).verdict).toBe('ok')
  expect(check(register, [write(1, 0, never), read(1, 2, 3), read(null, 4, 5)]).verdict).toBe('illegal')
  expect(check(register, [read(1, 0, 1), write(1, 2, never)]).verdict).toBe('illegal')
})

test('keys are checked apart, and the wrong one is named', () => {
  const put = (key: string, at: number) => operation({ kind: 'put', key, value: key }, null, at, at + 1)
  const get = (key: string, found: string, at: number) => operation({ kind: 'get', key }, found, at, at + 1)

  expect(check(keyValue, [put('a', 0), put('b', 0), get('a', 'a', 2), get('b', 'b', 2)]).verdict).toBe('ok')
  expect(check(keyValue, [put('a', 0), put('b', 0), get('a', 'a', 2), get('b', 'a', 2)])).toMatchObject({
    verdict: 'illegal',
    part: 'b',
  })
})

test('beyond a limit the verdict is unknown, unless another part is wrong for certain', () => {
  const overlapping = Array.from({ length: 12 }, (_, i) => write(i, 0, 100))
  const hard = [...overlapping, read(99, 200, 201)]
  const limits = { steps: 1_000, configurations: 1_000_000 }

  expect(check(register, hard, limits)).toEqual({ verdict: 'unknown', steps: 1_000, part: 'register' })
  expect(check(register, hard, { steps: 1_000_000, configurations: 100 }).verdict).toBe('unknown')
  expect(check(register, hard).verdict).toBe('illegal')

  const twoParts = { ...register, partOf: (input: RegisterInput) => input.kind }
  const wrongToo = [...overlapping, operation<RegisterInput, RegisterOutput>({ kind: 'read' }, 99, 200, 201)]
  expect(check(twoParts, wrongToo, { steps: 100, configurations: 1 })).toMatchObject({
    verdict: 'illegal',
    part: 'read',
  })
})

test('the memo keeps a hard history small: 12 overlapping writes have 12! orders and few configurations', () => {
  const history = [...Array.from({ length: 12 }, (_, i) => write(i % 4, 0, 100)), read(99, 200, 201)]
  const found = check(register, history)

  expect(found.verdict).toBe('illegal')
  expect(found.steps).toBeLessThan(12 * 2 ** 12 * 4)
})

test('a long history costs no deep stack and a constant per operation', () => {
  const history = Array.from({ length: 20_000 }, (_, i) =>
    i % 2 === 0 ? write(i, i * 10, i * 10 + 15) : read(i - 1, i * 10, i * 10 + 5),
  )
  const found = check(register, history)

  expect(found.verdict).toBe('ok')
  expect(found.steps).toBeLessThan(3 * history.length)
})

function write(value: number, calledAt: number, returnedAt: number) {
  return operation<RegisterInput, RegisterOutput>({ kind: 'write', value }, 'written', calledAt, returnedAt)
}

function read(found: number | null, calledAt: number, returnedAt: number) {
  return operation<RegisterInput, RegisterOutput>({ kind: 'read' }, found, calledAt, returnedAt)
}

function operation<Input, Output>(
  input: Input,
  output: Output,
  calledAt: number,
  returnedAt: number,
): Operation<Input, Output> {
  return { process: 0, input, output, calledAt, returnedAt }
}
