/** Seeded randomness: the same seed gives the same text on every machine. */
export interface Random {
  /** From 0 to below 1. */
  next(): number
  /** A whole number from 0 to below `end`. */
  below(end: number): number
  /** Bell-shaped, mean 0, deviation 1. */
  normal(): number
}

/** Tommy Ettinger's mulberry32: 32 bits of state, plenty for text nobody hides anything in. */
export function openRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    next,
    below: (end) => Math.floor(next() * end),
    // Box and Muller (1958).
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  }
}

/** Fisher and Yates. */
export function shuffled<T>(items: readonly T[], random: Random): readonly T[] {
  const all = [...items]
  for (let i = all.length - 1; i > 0; i -= 1) {
    const j = random.below(i + 1)
    // Both places are within the list.
    const [a, b] = [all[i], all[j]] as [T, T]
    all[i] = b
    all[j] = a
  }
  return all
}
