/**
 * What a run reached, and whether any run before it reached as much.
 *
 * Istanbul counts into objects, three per module. They are replaced by views of one array, so that forgetting and comparing
 * are a single pass over a few thousand numbers. New is a counter that was never hit, or hit another order of magnitude of
 * times: a loop that runs eight times is not the loop that ran once.
 */

/** @param {Record<string, { s: object, f: object, b: object }>} modules Istanbul's own coverage object */
export function countersOf(modules) {
  const size = Object.values(modules).reduce((sum, module) => sum + sizeOf(module), 0)
  const hits = new Uint32Array(size)
  let next = 0
  const view = (length) => hits.subarray(next, (next += length))
  for (const module of Object.values(modules)) {
    module.s = view(Object.keys(module.s).length)
    module.f = view(Object.keys(module.f).length)
    module.b = Object.values(module.b).map((arms) => view(arms.length))
  }

  return {
    size,
    reset: () => void hits.fill(0),
    /** How much was executed in the run since the last reset. */
    sum: () => hits.reduce((sum, count) => sum + count, 0),
    /** What is new against `seen` in the run since the last reset, as pairs of a counter and its magnitude. */
    fresh(seen) {
      const found = []
      for (let at = 0; at < size; at++) {
        if (hits[at] === 0) continue
        const bit = magnitudeBit(hits[at])
        if ((seen[at] & bit) === 0) found.push([at, bit])
      }
      return found
    },
  }
}

/** Magnitudes seen, one octet for each counter. */
export function nothingSeen(counters) {
  return new Uint8Array(counters.size)
}

export function remember(seen, fresh) {
  for (const [at, bit] of fresh) seen[at] |= bit
}

export function reached(seen) {
  return seen.reduce((sum, magnitudes) => sum + (magnitudes === 0 ? 0 : 1), 0)
}

function sizeOf({ s, f, b }) {
  const arms = Object.values(b).reduce((sum, { length }) => sum + length, 0)
  return Object.keys(s).length + Object.keys(f).length + arms
}

/** 1, 2–3, 4–7, … 128 and more. */
function magnitudeBit(hits) {
  return 1 << Math.min(7, 31 - Math.clz32(hits))
}
