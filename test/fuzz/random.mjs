/** Random numbers that a seed repeats (mulberry32, public domain by Tommy Ettinger). */
export function seeded(seed) {
  let state = seed >>> 0
  const below = (bound) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound)
  }
  return { below, pick: (choices) => choices[below(choices.length)] }
}
