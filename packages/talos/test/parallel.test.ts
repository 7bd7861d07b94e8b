import { expect, test } from 'vitest'
import { asyncDerived, createGraph } from '../src/index.ts'
import { createPool } from '../src/parallel.ts'

const module = `data:text/javascript,${encodeURIComponent(`
export const square = (n) => n * n
export const fail = () => { throw new RangeError('bad input') }
export const exit = () => process.exit(3)
export const order = []
export const log = (n) => { order.push(n); return [...order] }
`)}`

test('R1: pure functions run on workers, lowest height first, and feed asynchronous values', async () => {
  await using pool = createPool({ workers: 1 })
  const square = pool.task<[number], number>(module, 'square')
  const graph = createGraph()
  const n = graph.input(3)
  const node = asyncDerived(graph, async (t) => square(t.get(n)))
  expect(await node.get()).toBe(9)
  n.set(4)
  expect(await node.get()).toBe(16)
  const log = [3, 1, 2].map((height) => pool.task<[number], number[]>(module, 'log', height)(height))
  await Promise.all(log)
  expect(await pool.task<[number], number[]>(module, 'log')(0)).toEqual([3, 1, 2, 0])
})

test('R2: a failing, exiting or unknown function fails its caller only', async () => {
  const pool = createPool({ workers: 1 })
  const failed = expect.objectContaining({ code: 'worker_failed' })
  await expect(pool.task(module, 'fail')()).rejects.toThrow(failed)
  await expect(pool.task(module, 'none')()).rejects.toThrow(failed)
  await expect(pool.task(module, 'exit')()).rejects.toThrow(failed)
  await expect(pool.task<[unknown], unknown>(module, 'square')(() => 1)).rejects.toThrow()
  expect(await pool.task<[number], number>(module, 'square')(5)).toBe(25)
  await pool.close()
  await expect(pool.task(module, 'square')()).rejects.toThrow(expect.objectContaining({ code: 'disposed' }))
})
