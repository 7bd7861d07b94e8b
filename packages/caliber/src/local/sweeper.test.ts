import { expect, test } from 'vitest'
import { startSweeping } from './sweeper.ts'

test('a sweep runs at once and then every hour, give or take a quarter; one that fails is told of and followed by the next', async () => {
  const waits: number[] = []
  const failures: unknown[] = []
  const randoms = [0, 0.5, 0.999]
  let runs = 0
  let close = () => Promise.resolve()
  const end = new Promise<void>((resolve) => {
    close = startSweeping(
      async () => {
        runs += 1
        if (runs === 2) throw new Error('away')
      },
      {
        onFailure: (error) => void failures.push(error),
        random: () => randoms[waits.length] ?? 0,
        wait: async (ms, signal) => {
          waits.push(ms / 60_000)
          if (waits.length < 3) return
          resolve()
          await new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason))
          })
        },
      },
    )
  })
  await end
  await close()
  expect(runs).toBe(3)
  expect(waits.map((minutes) => Math.round(minutes))).toEqual([45, 60, 75])
  expect(failures).toEqual([new Error('away')])
})

test('closing tells the run under way to stop, and waits until it has', async () => {
  let stopped = false
  const close = startSweeping(
    (signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          stopped = true
          resolve()
        })
      }),
    { onFailure: () => undefined },
  )
  await close()
  expect(stopped).toBe(true)
})
