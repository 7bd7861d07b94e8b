/**
 * Fuzz one parser, in a thread of its own so that `main.mjs` can end it when an input never comes back.
 *
 * Before each run the input stands in shared memory: it is what is left to report of a thread that hangs or dies.
 */
import { register } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import { keepRegression, minimised, readCorpus, shrunk, writeCorpus } from './corpus.mjs'
import { countersOf, nothingSeen, reached, remember } from './coverage.mjs'
import { drawProbe, mostGrowth, timeGrowth, workGrowth } from './growth.mjs'
import { mutator } from './mutate.mjs'
import { parserNamed } from './parsers.mjs'
import { seeded } from './random.mjs'

const { name, runs, seed, probes, untimed, keep, shared } = workerData
/** One input may take so long, whatever it is. */
const longestMs = 100

const entry = parserNamed(name)
register('./instrument.mjs', import.meta.url, { data: { guides: entry.guides.map(String) } })
const check = await entry.load()
const parser = { ...entry, seeds: await listed(entry.seeds), dictionary: await listed(entry.dictionary) }
const counters = countersOf(globalThis.__coverage__ ?? {})
const random = seeded(seed)
const state = new Int32Array(shared, 0, 3)
const current = new Uint8Array(shared, 12)

let executions = 0
let slowestMs = 0
const corpus = []
const seen = nothingSeen(counters)

const report = { parser: name, seed, ...(await fuzz()) }
parentPort.postMessage(report)

async function fuzz() {
  if (counters.size === 0) throw new Error(`No module that guides ${name} was loaded.`)
  const startedMs = performance.now()
  for (const input of [Buffer.alloc(0), ...parser.seeds.map((text) => Buffer.from(text)), ...readCorpus(name)]) {
    const failure = await attempt(input)
    if (failure) return ended(startedMs, failure)
    corpus.push(input)
  }
  const mutate = mutator(parser, random)
  while (executions < runs) {
    const failure = await attempt(mutate(corpus))
    if (failure) return ended(startedMs, failure)
  }
  const figures = ended(startedMs)
  if (keep) writeCorpus(name, await minimised(corpus, run, counters))
  return { ...figures, ...(await growth()) }
}

function listed(given) {
  return typeof given === 'function' ? given() : given
}

function ended(startedMs, failure) {
  const seconds = (performance.now() - startedMs) / 1_000
  return {
    executions,
    seconds: Number(seconds.toFixed(2)),
    executionsPerSecond: Math.round(executions / seconds),
    counters: counters.size,
    reached: reached(seen),
    corpus: corpus.length,
    slowestMs: Number(slowestMs.toFixed(2)),
    ...(failure && { failure }),
  }
}

/** Run one input and keep it when it reached something new. @returns what went wrong, if anything */
async function attempt(input) {
  executions += 1
  try {
    const startedMs = performance.now()
    await run(input)
    const tookMs = performance.now() - startedMs
    const fresh = counters.fresh(seen)
    if (fresh.length > 0) {
      remember(seen, fresh)
      corpus.push(Buffer.from(input))
    }
    // What the machine did meanwhile may have taken the time; the input itself takes it each time.
    const ms =
      tookMs <= longestMs ? tookMs : Math.min(tookMs, await timed(input), await timed(input), await timed(input))
    slowestMs = Math.max(slowestMs, ms)
    return ms <= longestMs ? undefined : failureOf('slow', `took ${ms.toFixed(0)} ms each time`, input)
  } catch (error) {
    const fails = (shorter) =>
      run(shorter).then(
        () => false,
        (other) => messageOf(other) === messageOf(error),
      )
    return failureOf('crash', stackOf(error), await shrunk(input, fails))
  }
}

async function timed(input) {
  const startedMs = performance.now()
  const before = process.cpuUsage()
  await run(input)
  const { user, system } = process.cpuUsage(before)
  // Others may have had the processor meanwhile, and our own threads more than one of them: the lesser is the input's.
  return Math.min(performance.now() - startedMs, (user + system) / 1_000)
}

async function run(input) {
  announce(input)
  counters.reset()
  const pending = check(input)
  if (pending !== undefined) await pending
}

function announce(input) {
  const length = Math.min(input.length, current.length)
  current.set(length === input.length ? input : input.subarray(0, length))
  state[1] = length
  Atomics.add(state, 0, 1)
}

/** Look for work that grows faster than its input. */
async function growth() {
  state[2] = 1
  const worst = { work: 1, time: 1 }
  const costs = untimed
    ? [['work', workGrowth, work]]
    : [
        ['work', workGrowth, work],
        ['time', timeGrowth, timed],
      ]
  for (let left = probes; left > 0; left--) {
    const probe = drawProbe(corpus, parser.dictionary, random)
    const input = Buffer.concat(Object.values(probe))
    try {
      for (const [kind, growthOf, cost] of costs) {
        const growth = await growthOf(cost, probe)
        worst[kind] = Math.max(worst[kind], Number(growth.toFixed(2)))
        if (growth <= mostGrowth[kind]) continue
        const [head, unit, tail] = Object.values(probe).map((piece) => JSON.stringify(piece.toString('latin1')))
        const message = `doubling costs ${growth.toFixed(1)} times the ${kind} for ${head} + ${unit} × n + ${tail}`
        return { growth: worst, failure: failureOf('superlinear', message, input) }
      }
    } catch (error) {
      return { growth: worst, failure: failureOf('crash', stackOf(error), input) }
    }
  }
  return { probes, growth: worst }
}

async function work(input) {
  await run(input)
  return counters.sum()
}

function failureOf(kind, message, input) {
  const file = parser.isFault ? undefined : keepRegression(name, input)
  return { kind, message, execution: executions, input: input.toString('latin1'), file }
}

function messageOf(error) {
  return error instanceof Error ? error.message.slice(0, 60) : String(error)
}

function stackOf(error) {
  return error instanceof Error ? (error.stack ?? error.message).split('\n').slice(0, 6).join('\n') : String(error)
}
