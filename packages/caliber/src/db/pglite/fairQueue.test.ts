import { expect, test } from 'vitest'
import { fairQueue } from './fairQueue.ts'

test('jobs run one at a time in the order they came, whether or not one fails', async () => {
  const queue = fairQueue(10)
  const log: string[] = []
  const job = (name: string) => async () => {
    log.push(`${name} begins`)
    await Promise.resolve()
    log.push(`${name} ends`)
    if (name === 'b') throw new Error('b failed')
    return name
  }
  const results = await Promise.allSettled(['a', 'b', 'c'].map((name) => queue.run(job(name))))
  expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
})

test('beyond the limit jobs are refused with unavailable, and taken again when the line is shorter', async () => {
  const queue = fairQueue(2)
  const line = [1, 2].map((n) => queue.run(async () => n))
  await expect(queue.run(async () => 3)).rejects.toMatchObject({ code: 'unavailable', detail: { waiting: 2 } })
  expect(await Promise.all(line)).toEqual([1, 2])
  expect(await queue.run(async () => 4)).toBe(4)
})

test('closing waits for the job under way and refuses those in line', async () => {
  const queue = fairQueue(10)
  let finish: () => void = () => {}
  let finished = false
  const first = queue.run(async () => {
    await new Promise<void>((resolve) => {
      finish = resolve
    })
    finished = true
  })
  const second = queue.run(async () => 'never').catch((error: unknown) => error)
  await Promise.resolve()
  const closing = queue.close()
  finish()
  await closing
  await first
  expect(finished).toBe(true)
  expect(await second).toMatchObject({ code: 'unavailable' })
  await expect(queue.run(async () => 'never')).rejects.toMatchObject({ code: 'unavailable' })
})
