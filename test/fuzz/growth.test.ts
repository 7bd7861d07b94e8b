import { expect, test } from 'vitest'
import { mostGrowth, timeGrowth, workGrowth } from './growth.mjs'

const probe = { head: Buffer.from('{'), unit: Buffer.from('ab'), tail: Buffer.from('}') }

test.each([
  ['linear', (n: number) => n, false],
  ['linear with a start', (n: number) => 10_000 + n, false],
  ['n log n', (n: number) => n * Math.log2(n), false],
  ['n to the power of 1.5', (n: number) => n ** 1.5, true],
  ['quadratic', (n: number) => n ** 2, true],
  ['cubic', (n: number) => n ** 3, true],
])('statements that grow %s are told by their number', async (_, cost, isSuperlinear) => {
  const growth = await workGrowth(async ({ length }) => Math.round(cost(length)), probe)
  expect(growth > mostGrowth.work).toBe(isSuperlinear)
})

test('time that grows quadratically is told, however little a short run takes', async () => {
  for (const factor of [1e-9, 1e-6, 1e-3]) {
    expect(await timeGrowth(async ({ length }) => factor * length ** 2, probe)).toBeGreaterThan(mostGrowth.time)
  }
})

test('one step at which memory gets dearer, and one disturbed look, make no quadratic loop', async () => {
  const step = async ({ length }: Buffer) => (length > 40_000 ? 10 : 1) * 0.0005 * length
  expect(await timeGrowth(step, probe)).toBeLessThan(mostGrowth.time)

  let runs = 0
  const disturbed = async ({ length }: Buffer) => 0.01 * length * (runs++ % 12 > 5 ? 20 : 1)
  expect(await timeGrowth(disturbed, probe)).toBeLessThan(mostGrowth.time)
})

test('what takes no time at any length is not looked into', async () => {
  expect(await timeGrowth(async () => 0.001, probe)).toBe(1)
})
