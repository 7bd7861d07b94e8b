/** Each violation in the smallest history that has it, beside one that has not. */
import { expect, test } from 'vitest'
import type { LockInput, LockOperation, LockOutput } from './lockHistory.ts'
import { violationsOf } from './violations.ts'

test('a write under a lower fence behind one of a higher fence is an inversion, per lock and by commit', () => {
  const grants = [grant('ada', 1, 0, 30), grant('bo', 2, 30, 60)]

  expect(kinds([...grants, write('ada', 1, 1), write('bo', 2, 2)])).toEqual([])
  expect(kinds([...grants, write('ada', 1, 2), write('bo', 2, 1)])).toEqual(['inversion'])
  expect(kinds([...grants, write('ada', 1, 2), grant('bo', 2, 30, 60, 'gate'), write('bo', 2, 1, 'gate')])).toEqual([])
})

test('a fence belongs to one grant and one holder', () => {
  expect(kinds([grant('ada', 1, 0, 30), grant('bo', 1, 40, 70)])).toContain('fence used twice')
  expect(kinds([grant('ada', 1, 0, 30), write('bo', 1, 1)])).toEqual(['fence used twice'])
  expect(kinds([write('ada', 1, 1)])).toEqual(['fence used twice'])
})

test('a later grant has a higher fence', () => {
  expect(kinds([grant('ada', 2, 0, 30), grant('bo', 1, 40, 70)])).toContain('fence fell')
})

test('nobody is granted a lease while an exclusive one lasts, as extended, shortened or released', () => {
  const first = grant('ada', 1, 0, 30)
  const extended = (untilMs: number) => extension('ada', 1, untilMs)

  expect(kinds([first, grant('bo', 2, 20, 50)])).toEqual(['overlap'])
  expect(kinds([first, grant('bo', 2, 30, 60)])).toEqual([])
  expect(kinds([first, extended(45), grant('bo', 2, 40, 70)])).toEqual(['overlap'])
  expect(kinds([first, extended(15), grant('bo', 2, 20, 50)])).toEqual([])
  expect(kinds([first, released('ada', 1, 18), grant('bo', 2, 20, 50)])).toEqual([])
  expect(kinds([first, grant('bo', 2, 20, 50, 'door', 'shared')])).toEqual(['overlap'])
})

test('shared leases overlap one another and no exclusive one', () => {
  const shared = [grant('ada', 1, 0, 30, 'door', 'shared'), grant('bo', 2, 20, 50, 'door', 'shared')]

  expect(kinds(shared)).toEqual([])
  expect(kinds([...shared, grant('cy', 3, 40, 70)])).toEqual(['overlap'])
})

function kinds(history: readonly LockOperation[]): string[] {
  return violationsOf(history).map(({ kind }) => kind)
}

function grant(
  holder: string,
  fence: number,
  grantedAtMs: number,
  untilMs: number,
  lock = 'door',
  mode: 'exclusive' | 'shared' = 'exclusive',
) {
  const ttlMs = untilMs - grantedAtMs
  return operation({ kind: 'acquire', lock, holder, mode, ttlMs }, { kind: 'granted', fence, untilMs }, grantedAtMs)
}

function extension(holder: string, fence: number, untilMs: number) {
  return operation({ kind: 'extend', lock: 'door', holder, fence, ttlMs: 10 }, { kind: 'granted', fence, untilMs }, 10)
}

function released(holder: string, fence: number, at: number) {
  return operation({ kind: 'release', lock: 'door', holder, fence }, { kind: 'released' }, at)
}

function write(holder: string, fence: number, position: number, lock = 'door') {
  return operation({ kind: 'write', lock, holder, fence, openMs: 0 }, { kind: 'written', position }, 0)
}

function operation(input: LockInput, output: LockOutput, at: number): LockOperation {
  return { process: 0, input, output, calledAt: at, returnedAt: at + 1 }
}
