/**
 * Does twice the input cost more than twice?
 *
 * A probe repeats a short unit between a head and a tail. First the counters tell: the statements that a run executes are the
 * same on any machine, and a loop in a loop shows in them. What libraries and the engine do is told by time alone, so the
 * unit is repeated until a run is long enough to be timed, and then three and nine times as often. Both steps must cost too
 * much, of times each time they are looked at again: an input that is refused at one length and taken at another, or a garbage
 * collector that wakes up, spoils one step, a busy machine one look. Linear work comes to 2 for a doubling, a quadratic loop to 4.
 */

/** What a doubling may cost: statements are exact, times are not. */
export const mostGrowth = { work: 2.5, time: 3 }

/** In milliseconds: what can be told from noise. */
const tellingMs = 5
const looks = 3

/**
 * @param {(input: Buffer) => Promise<number>} work statements that a run executes
 * @returns what a doubling costs
 */
export async function workGrowth(work, probe) {
  const times = Math.ceil(1_024 / probe.unit.length)
  const [once, thrice] = [await work(stretched(probe, times)), await work(stretched(probe, times * 3))]
  return Math.min(ofDoubling(once, thrice), ofDoubling(thrice, await work(stretched(probe, times * 9))))
}

/**
 * @param {(input: Buffer) => Promise<number>} took milliseconds of a run
 * @returns what a doubling costs at the best look; 1 where even the longest input takes no time worth telling
 */
export async function timeGrowth(took, probe, { maxBytes = 1 << 19 } = {}) {
  const least = async (times) => {
    let found = Number.POSITIVE_INFINITY
    for (let left = 2; left > 0; left--) found = Math.min(found, await took(stretched(probe, times)))
    return found
  }
  let times = Math.ceil(1_024 / probe.unit.length)
  while ((await least(times)) < tellingMs) {
    times *= 2
    if (times * probe.unit.length > maxBytes) return 1
  }
  let best = Number.POSITIVE_INFINITY
  for (let look = 0; look < looks && best > mostGrowth.time; look++) {
    const [once, thrice] = [await least(times), await least(times * 3)]
    best = Math.min(best, ofDoubling(once, thrice))
    if (best > mostGrowth.time) best = Math.min(best, ofDoubling(thrice, await least(times * 9)))
  }
  return best
}

/** What a doubling costs where three times as much costs this. */
function ofDoubling(once, thrice) {
  return (thrice / Math.max(once, 1e-9)) ** (1 / Math.log2(3))
}

function stretched({ head, unit, tail }, times) {
  return Buffer.concat([head, Buffer.alloc(unit.length * times, unit), tail])
}

/** Draw a probe from what the fuzzer has found and the words of the format. */
export function drawProbe(corpus, dictionary, random) {
  const input = random.pick(corpus)
  const slice = () => {
    const start = random.below(input.length + 1)
    return input.subarray(start, start + 1 + random.below(24))
  }
  const word = () => Buffer.from(dictionary.length === 0 ? 'a' : random.pick(dictionary))
  const units = [slice, slice, word, word, () => Buffer.of(random.below(256)), () => Buffer.concat([word(), word()])]
  const found = random.pick(units)()
  const unit = found.length === 0 ? Buffer.from('a') : found
  const cut = random.below(input.length + 1)
  const empty = Buffer.alloc(0)
  return random.below(2) === 0
    ? { head: input.subarray(0, cut), unit, tail: input.subarray(cut) }
    : { head: random.below(2) === 0 ? empty : word(), unit, tail: random.below(2) === 0 ? empty : word() }
}
