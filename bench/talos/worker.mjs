/** Time one suite with one library in a process of its own. Prints `{test: microseconds of CPU}`, fastest of the repetitions. */
import { adapters } from './adapters.mjs'
import { suites } from './shapes.mjs'

const [library, suite, repetitionsText] = process.argv.slice(2)
const repetitions = Number(repetitionsText ?? 5)
const lib = await adapters[library]()
const results = {}
const pulls = {}
for (const [name, create] of Object.entries(suites[suite])) {
  const owned = suite === 'kairo' || suite === 'dynamic' || name.startsWith('update')
  const work = owned ? lib.build(() => create(lib)) : create(lib)
  const inner = suite === 'kairo' ? (name === 'avoidable' ? 5 : 40) : suite === 'ladder' ? 5 : 1
  work()
  // Counted over the first round: how many follow depends on the clock.
  if (work.pulls) pulls[name] = work.pulls()
  warmUp(work)
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < repetitions; i++) {
    globalThis.gc?.()
    const before = process.cpuUsage()
    for (let k = 0; k < inner; k++) work()
    const { user, system } = process.cpuUsage(before)
    best = Math.min(best, (user + system) / inner)
  }
  results[name] = best
  if (owned) lib.dispose()
}
console.log(JSON.stringify({ results, pulls }))

/** Run until compiled code is what gets timed: the same share of CPU time for every library. */
function warmUp(work) {
  const before = process.cpuUsage()
  for (let i = 0; i < 1000; i++) {
    work()
    const { user, system } = process.cpuUsage(before)
    if (i >= 1 && user + system > 300_000) return
  }
}
