import { expect, test } from 'vitest'
import { backoffMs, sleep } from './backoff.ts'

test('the wait doubles up to a cap, with jitter over its whole length', () => {
  expect([0, 1, 2, 3, 10].map((attempt) => backoffMs(attempt, 1))).toEqual([100, 200, 400, 800, 5_000])
  expect(backoffMs(3, 0)).toBe(0)
  expect(backoffMs(3, 0.5)).toBe(400)
})

test('what the server asks for is the least, but no server makes a client wait beyond the cap', () => {
  expect(backoffMs(0, 0.5, 1_000)).toBe(1_000)
  expect(backoffMs(0, 0.5, 86_400_000)).toBe(5_000)
})

test('a wait ends when its signal aborts', async () => {
  const controller = new AbortController()
  const waiting = sleep(60_000, controller.signal)
  controller.abort('enough')

  await expect(waiting).rejects.toBe('enough')
  await expect(sleep(60_000, AbortSignal.abort('before'))).rejects.toBe('before')
})
