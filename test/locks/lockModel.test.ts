/** What fenced locks promise, on histories small enough to judge by eye. */
import { expect, test } from 'vitest'
import { check } from '../linearizability/check.ts'
import type { LockInput, LockOperation, LockOutput } from './lockHistory.ts'
import { lockModel } from './lockModel.ts'

test('a lease is granted to one, refused to another, and free again once released', () => {
  expect(
    verdict([
      acquire('ada', 0, granted(1, 30)),
      acquire('bo', 5, held),
      release('ada', 1, 6, released),
      acquire('bo', 8, granted(2, 38)),
    ]),
  ).toBe('ok')
  expect(verdict([acquire('ada', 0, granted(1, 30)), acquire('bo', 5, granted(2, 35))])).toBe('illegal')
  expect(verdict([acquire('ada', 0, held)])).toBe('illegal')
})

test('a lease that has run out is free without a sweeper, and not before', () => {
  expect(verdict([acquire('ada', 0, granted(1, 30)), acquire('bo', 30, granted(2, 60))])).toBe('ok')
  expect(verdict([acquire('ada', 0, granted(1, 30)), acquire('bo', 29, granted(2, 59))])).toBe('illegal')
  expect(verdict([acquire('ada', 0, granted(1, 30)), acquire('bo', 31, held)])).toBe('illegal')
})

test('a lease that has run out cannot be released any more, which is said', () => {
  expect(verdict([acquire('ada', 0, granted(1, 30)), release('ada', 1, 31, stale)])).toBe('ok')
  expect(verdict([acquire('ada', 0, granted(1, 30)), release('ada', 1, 31, released)])).toBe('illegal')
  expect(verdict([acquire('ada', 0, granted(1, 30)), release('ada', 1, 10, stale)])).toBe('illegal')
})

test('shared leases go together, and neither goes with an exclusive one', () => {
  const shared = [acquire('ada', 0, granted(1, 30), 'shared'), acquire('bo', 2, granted(2, 32), 'shared')]

  expect(verdict([...shared, acquire('cy', 4, held)])).toBe('ok')
  expect(verdict([...shared, acquire('cy', 4, granted(3, 34))])).toBe('illegal')
  expect(verdict([...shared, acquire('cy', 4, held, 'shared')])).toBe('illegal')
  expect(verdict([...shared, write('ada', 1, 4, written(1))])).toBe('illegal')
})

test('a fence grows with every grant', () => {
  const first = [acquire('ada', 0, granted(7, 30)), release('ada', 7, 2, released)]

  expect(verdict([...first, acquire('bo', 4, granted(9, 34))])).toBe('ok')
  expect(verdict([...first, acquire('bo', 4, granted(7, 34))])).toBe('illegal')
  expect(verdict([...first, acquire('bo', 4, granted(6, 34))])).toBe('illegal')
})

test('an extension moves the end of its own lease while that lasts', () => {
  const first = acquire('ada', 0, granted(1, 30))

  expect(verdict([first, extend('ada', 1, 20, granted(1, 50)), acquire('bo', 40, held)])).toBe('ok')
  expect(verdict([first, extend('ada', 1, 20, granted(1, 50)), acquire('bo', 40, granted(2, 70))])).toBe('illegal')
  expect(verdict([first, extend('ada', 1, 31, granted(1, 61))])).toBe('illegal')
  expect(verdict([first, extend('ada', 1, 31, stale)])).toBe('ok')
  expect(verdict([first, extend('bo', 1, 20, granted(1, 50))])).toBe('illegal')
  expect(verdict([first, extend('ada', 1, 20, granted(2, 50))])).toBe('illegal')
})

test('a write goes through under the current fence alone', () => {
  const taken = [acquire('ada', 0, granted(1, 30)), acquire('bo', 32, granted(2, 62))]

  expect(verdict([...taken, write('ada', 1, 40, stale), write('bo', 2, 40, written(1))])).toBe('ok')
  expect(verdict([...taken, write('ada', 1, 40, written(1))])).toBe('illegal')
  expect(verdict([...taken, write('ada', 2, 40, written(1))])).toBe('illegal')
  expect(verdict([...taken, write('bo', 2, 40, stale)])).toBe('illegal')
  expect(verdict([...taken, write('bo', 2, 64, written(1))])).toBe('illegal')
})

test('a write that began in time may be committed late, yet never behind one of a later fence', () => {
  const late = (position: number) => operation(input('write', 'ada', 1), written(position), 20, 90)
  const next = (position: number) => [acquire('bo', 32, granted(2, 62)), write('bo', 2, 40, written(position))]
  const first = acquire('ada', 0, granted(1, 30))

  expect(verdict([first, late(1), ...next(2)])).toBe('ok')
  expect(verdict([first, late(2), ...next(1)])).toBe('illegal')
})

const held: LockOutput = { kind: 'held' }
const stale: LockOutput = { kind: 'stale' }
const released: LockOutput = { kind: 'released' }
const ttlMs = 30

function granted(fence: number, untilMs: number): LockOutput {
  return { kind: 'granted', fence, untilMs }
}

function written(position: number): LockOutput {
  return { kind: 'written', position }
}

function verdict(history: readonly LockOperation[]): string {
  return check(lockModel, history).verdict
}

function acquire(holder: string, at: number, output: LockOutput, mode: 'exclusive' | 'shared' = 'exclusive') {
  return operation({ kind: 'acquire', lock: 'door', holder, mode, ttlMs }, output, at, at + 1)
}

function extend(holder: string, fence: number, at: number, output: LockOutput) {
  return operation(input('extend', holder, fence), output, at, at + 1)
}

function release(holder: string, fence: number, at: number, output: LockOutput) {
  return operation(input('release', holder, fence), output, at, at + 1)
}

function write(holder: string, fence: number, at: number, output: LockOutput) {
  return operation(input('write', holder, fence), output, at, at + 1)
}

function input(kind: 'extend' | 'release' | 'write', holder: string, fence: number): LockInput {
  const named = { lock: 'door', holder, fence }
  if (kind === 'extend') return { kind, ...named, ttlMs }
  return kind === 'write' ? { kind, ...named, openMs: 0 } : { kind, ...named }
}

function operation(asked: LockInput, output: LockOutput, calledAt: number, returnedAt: number): LockOperation {
  return { process: 0, input: asked, output, calledAt, returnedAt }
}
