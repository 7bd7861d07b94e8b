/**
 * Coverage-guided fuzzing of every parser there is.
 *
 * A parser is an entry of `parsers.mjs`. Each input must come back without anything but the parser's own refusals, keep what
 * the entry promises of the answer, and take at most 100 ms; then probes look whether work grows faster than input (`growth.mjs`;
 * with `--untimed` by counting alone). A failure prints its seed and input and stands in `corpus/<parser>/` from then on, where every later run
 * begins. `--keep` replaces the corpus of a parser by the smallest inputs that reach the same.
 *
 * Runs what was built. Exits with 1 when anything failed.
 */
import { Worker } from 'node:worker_threads'
import { commandWords } from '../../bench/dist/commandWords.js'
import { keepRegression } from './corpus.mjs'
import { parserNamed, parsers } from './parsers.mjs'

const options = commandWords(
  `usage: npm run test:fuzz -- [--parser all|NAME] [--runs 200000] [--seed 1] [--probes N] [--untimed] [--keep] [--json]

--probes    looks for work that grows faster than the input; one for each 1,000 runs, at most 100
--untimed   look by counting alone
--keep      replace the corpus of a parser by the smallest inputs that reach the same`,
  { counts: { runs: 200_000, seed: 1 }, texts: { parser: 'all', probes: '' }, flags: ['untimed', 'keep', 'json'] },
)
const { runs, seed } = options
const probes = Number(options.probes || Math.min(100, Math.floor(runs / 1_000)))
/** Processor time after which an input that is not back never will be; those that look for growth are far longer. */
const hangMs = [5_000, 60_000]
/** What waits for something that does not come takes no processor time. */
const idleMs = 300_000
const inputBytes = 1 << 16

const chosen = options.parser === 'all' ? parsers : [parserNamed(options.parser)]
let failed = 0
for (const parser of chosen) {
  const report = await fuzz(parser)
  if (report.failure) failed += 1
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : describe(report))
}
if (!options.json) process.stdout.write(`${chosen.length - failed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1

/** Run the parser's worker to its end, or end it when it no longer moves. */
function fuzz(parser) {
  const { name } = parser
  const shared = new SharedArrayBuffer(12 + inputBytes)
  // Executions so far, length of the current input, and whether it looks for growth; then the input.
  const state = new Int32Array(shared, 0, 3)
  const { untimed, keep } = options
  const workerData = { name, runs, seed, probes, untimed, keep, shared }
  const worker = new Worker(new URL('worker.mjs', import.meta.url), { workerData })
  return new Promise((resolve) => {
    let isOver = false
    const lost = (kind, message) => {
      if (isOver) return
      const input = Buffer.from(new Uint8Array(shared, 12, state[1]))
      const file = parser.isFault ? undefined : keepRegression(name, input)
      end({
        parser: name,
        seed,
        failure: { kind, message, execution: state[0], input: input.toString('latin1'), file },
      })
    }
    let last = { execution: 0, sinceMs: performance.now(), cpu: process.cpuUsage() }
    const watch = setInterval(() => {
      const [execution, , phase] = state
      if (execution !== last.execution || execution === 0) {
        last = { execution, sinceMs: performance.now(), cpu: process.cpuUsage() }
        return
      }
      const { user, system } = process.cpuUsage(last.cpu)
      if ((user + system) / 1_000 > hangMs[phase]) lost('hang', `not back after ${hangMs[phase]} ms`)
      else if (performance.now() - last.sinceMs > idleMs) lost('hang', 'not back, and not working')
    }, 250)
    const end = (report) => {
      isOver = true
      clearInterval(watch)
      void worker.terminate()
      resolve(report)
    }
    worker.on('message', end)
    worker.on('error', (error) => lost('crash', error.stack ?? String(error)))
    worker.on('exit', (code) => lost('crash', `the thread ended with ${code}`))
  })
}

function describe({ parser, failure, executions, executionsPerSecond, reached, counters, corpus, slowestMs, growth }) {
  if (failure) {
    const { kind, message, execution, input, file } = failure
    const where = file === undefined ? '' : `\n  kept as corpus/${file}`
    return `${parser}: ${kind} at execution ${execution} of seed ${seed}\n  ${message}\n  input ${JSON.stringify(input.slice(0, 2_000))}${where}\n`
  }
  const speed = `${executions} runs, ${executionsPerSecond}/s, slowest ${slowestMs} ms`
  return `${parser}: ok, ${speed}, ${reached} of ${counters} counters, corpus ${corpus}, doubling costs ${growth.work} × the work, ${growth.time} × the time\n`
}
