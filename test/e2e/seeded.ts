/** Random numbers that a seed repeats (mulberry32, public domain by Tommy Ettinger). Print the seed with a failure. */
export interface Random {
  /** A whole number from 0 to below `bound`. */
  below(bound: number): number
  pick<T>(choices: readonly T[]): T
  /** True with a probability. */
  chance(probability01: number): boolean
}

export function seeded(seed: number): Random {
  let state = seed >>> 0
  const below = (bound: number): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound)
  }
  return {
    below,
    pick(choices) {
      const chosen = choices[below(choices.length)]
      if (chosen === undefined) throw new RangeError('There is nothing to pick from.')
      return chosen
    },
    chance: (probability01) => below(2 ** 30) < probability01 * 2 ** 30,
  }
}
