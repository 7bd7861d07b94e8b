/** Small seeded generator, so that a failing case is named by one number. */
export interface Random {
  below(limit: number): number
  pick<T>(items: readonly T[]): T
  chance(probability: number): boolean
}

export function random(seed: number): Random {
  let state = seed >>> 0
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    below: (limit) => Math.floor(next() * limit),
    pick: <T>(items: readonly T[]) => items[Math.floor(next() * items.length)] as T,
    chance: (probability) => next() < probability,
  }
}

/** Run a property for many seeds, at most TALOS_SEEDS if that is set, and name the seed that fails. */
export function forSeeds(count: number, property: (rnd: Random, seed: number) => void): void {
  const first = Number(process.env['TALOS_SEED'] ?? 1)
  const most = Math.min(count, Number(process.env['TALOS_SEEDS'] ?? count))
  const last = process.env['TALOS_SEED'] === undefined ? most : first
  for (let seed = first; seed <= last; seed++) {
    try {
      property(random(seed), seed)
    } catch (error) {
      throw new Error(`seed ${seed} (rerun with TALOS_SEED=${seed}): ${(error as Error).message}`, { cause: error })
    }
  }
  process.stdout.write(`seeds ${first}..${last}\n`)
}
