import { quantile } from './report.ts'

/** @returns milliseconds until the call has answered */
export async function timedMs(call: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await call()
  return performance.now() - started
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5)
}

/** A quantile per round, and the median of those: a round that something else disturbed does not count. */
export function overRounds(rounds: readonly (readonly number[])[], share: number): number {
  return median(rounds.map((samples) => quantile(samples, share)))
}

/** @returns what the call has measured, so many times in a row */
export async function sampled(count: number, call: () => Promise<number>): Promise<readonly number[]> {
  const all: number[] = []
  for (let i = 0; i < count; i += 1) all.push(await call())
  return all
}
