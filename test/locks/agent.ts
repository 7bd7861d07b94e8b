/**
 * A client that uses locks badly on purpose: it overstays its leases, goes on writing under fences that may be stale,
 * keeps transactions open, and forgets to release.
 *
 * A script without a clock or a connection: it yields what to do and is told what came back, so the same agent runs
 * against the simulation and against a server.
 */
import type { Random } from '../e2e/seeded.ts'
import type { LockInput, LockOutput } from './lockHistory.ts'

export type Step = LockInput | { readonly kind: 'rest'; readonly restMs: number }

/**
 * Lives for ever. An answer is expected for every step but a rest.
 *
 * @param pace how many times slower than meant the world is just now: all times are that many times longer. Where calls
 * take longer than the leases nobody ever gets to write, and nothing is tried.
 */
export function* agent(
  holder: string,
  locks: readonly string[],
  random: Random,
  pace: () => number,
): Generator<Step, never, LockOutput | undefined> {
  const belowMs = (boundMs: number) => Math.round(random.below(boundMs) * pace())
  const ttlMs = () => Math.round((20 + random.below(41)) * pace())
  const chance = (share01: number) => random.below(1_000) < share01 * 1_000
  for (;;) {
    const lock = random.pick(locks)
    const mode = chance(0.8) ? 'exclusive' : 'shared'
    const granted = yield { kind: 'acquire', lock, holder, mode, ttlMs: ttlMs() }
    if (granted?.kind !== 'granted') {
      yield { kind: 'rest', restMs: belowMs(20) }
      continue
    }
    const { fence } = granted
    for (let i = 0; i < 3; i += 1) {
      if (chance(0.3)) yield { kind: 'rest', restMs: belowMs(80) }
      if (chance(0.3)) yield { kind: 'extend', lock, holder, fence, ttlMs: ttlMs() }
      const written = yield { kind: 'write', lock, holder, fence, openMs: chance(0.3) ? belowMs(80) : 0 }
      if (written?.kind === 'stale' && chance(0.7)) break
    }
    if (chance(0.5)) yield { kind: 'release', lock, holder, fence }
  }
}
