import { expect, test } from 'vitest'
import { CaliberError, errorTable } from './errors.ts'

test('codes are wire format: none is renamed or dropped', () => {
  expect(Object.keys(errorTable)).toEqual([
    'invalid_input',
    'unauthenticated',
    'forbidden',
    'not_found',
    'unknown_operation',
    'illegal_state',
    'version_conflict',
    'conflict',
    'lock_held',
    'fence_stale',
    'idempotency_mismatch',
    'budget_too_small',
    'too_large',
    'quota_exceeded',
    'integrity',
    'timeout',
    'unavailable',
    'storage_full',
    'internal',
  ])
})

test('a caller can retry exactly what may succeed unchanged', () => {
  const retryable = Object.entries(errorTable).filter(([, row]) => row.retryable)
  expect(retryable.map(([code]) => code)).toEqual(['lock_held', 'timeout', 'unavailable', 'storage_full'])
  expect(new CaliberError('timeout', 'x').retryable).toBe(true)
})
