import { expect, test } from 'vitest'
import { assertTransition, assertVersion, states } from './states.ts'

test('every state that may follow is a state', () => {
  for (const machine of Object.values(states)) {
    for (const next of Object.values(machine)) {
      for (const state of next) expect(Object.keys(machine)).toContain(state)
    }
  }
})

test('an illegal transition names the legal ones', () => {
  expect(() => assertTransition('trajectory', 'id-1', 'suspended', 'completed')).toThrow(
    expect.objectContaining({ code: 'illegal_state', message: expect.stringContaining('active or failed') }),
  )
  expect(() => assertTransition('scope', 'id-1', 'open', 'closed')).not.toThrow()
})

test('a version is compared only where one was read', () => {
  expect(() => assertVersion('note', 'id-1', 3, undefined)).not.toThrow()
  expect(() => assertVersion('note', 'id-1', 3, 3)).not.toThrow()
  expect(() => assertVersion('note', 'id-1', 3, 2)).toThrow(expect.objectContaining({ code: 'version_conflict' }))
})
