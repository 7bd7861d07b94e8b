/**
 * A simulated power cut: does an acknowledged write ever get lost on the embedded tier?
 *
 * A program writes, imports and migrates while every effect that it has on its files is recorded (recordEffects.mjs),
 * along with each acknowledgement; twice it is killed and goes on. Then, for N points of the record, a disk that promises
 * no more than POSIX (disk.mjs) is cut off there: what was synced is there, everything else by luck. The memory must
 * open on what is left, hold every batch that was acknowledged by then, each whole and once, and find itself in order.
 *
 * `--as-shipped` does the same with PGlite as it ships, which must fail: the negative control. A cut depends on timing,
 * so a seed alone does not repeat it: `--keep` keeps the record and what a failed cut left, `--again` cuts a kept record.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { commandWords } from '../../bench/dist/commandWords.js'
import { report } from '../../bench/dist/report.js'
import { seeded } from '../dist/e2e/seeded.js'
import { drawLuck, luckOf } from './disk.mjs'
import { cutHistory, readHistory, recordHistory } from './history.mjs'
import { startLooker } from './looker.mjs'

const options = commandWords(
  `usage: npm run test:power -- [--points 200] [--seed 1] [--batches 60] [--as-shipped] [--keep DIR | --again DIR] [--json]

--batches      written by each life of the program: how long the record gets
--at-once      directories looked at side by side; as many as there are processors
--as-shipped   PGlite as it ships, which must fail
--keep         keep the record and what a failed cut left in a directory
--again        cut the record of such a directory`,
  {
    counts: { points: 200, seed: 1, batches: 60, 'at-once': os.availableParallelism() },
    texts: { keep: '', again: '' },
    flags: ['json', 'as-shipped'],
  },
)
const asShipped = options['as-shipped']
const program = asShipped ? 'shippedProgram.mjs' : 'memoryProgram.mjs'
const names = asShipped ? ['shipped'] : ['fresh', 'older']

const startedMs = performance.now()
const random = seeded(options.seed)
const kept = options.keep || options.again
const folder = kept || fs.mkdtempSync(path.join(os.tmpdir(), 'caliber-power-'))
try {
  fs.mkdirSync(folder, { recursive: true })
  if (!options.again) await record()
  conclude(await cutAll())
} finally {
  if (!kept) remove(folder)
}

async function record() {
  for (const name of names) {
    await recordHistory(folder, name, { program, batches: options.batches })
    say(`recorded: ${name}`)
  }
}

async function cutAll() {
  const outcomes = []
  const idle = Array.from({ length: options['at-once'] }, () => startLooker(program))
  const busy = new Set()
  for (const [index, name] of names.entries()) {
    const history = readHistory(folder, name)
    const cuts = chooseCuts(history, Math.floor((options.points + index) / names.length))
    for (const cut of cutHistory(history, cuts)) {
      if (idle.length === 0) await Promise.race(busy)
      const looker = idle.pop()
      const job = looker.look(cut).then((found) => {
        outcomes.push(judged(cut, found))
        idle.push(looker)
        busy.delete(job)
      })
      busy.add(job)
    }
  }
  await Promise.all(busy)
  for (const looker of idle) await looker.end()
  return outcomes
}

/**
 * Where to cut and by which luck: two harsh ones right behind the first acknowledgement, the rest anywhere. Most effects
 * make the directory, when there is nothing to lose yet: three of four cuts lie behind them.
 */
function chooseCuts({ entries, firstAcknowledged }, count) {
  const nothing = { data01: 0, names01: 0, sizes01: 0, sectorBytes: 512 }
  const harsh = [nothing, { ...nothing, names01: 1 }]
  const behind = firstAcknowledged + 1
  const cuts = harsh.map((shares) => ({ at: behind, luck: luckOf(random, shares) }))
  while (cuts.length < count) {
    const at = random.chance(0.75) ? behind + random.below(entries.length - behind + 1) : random.below(behind)
    cuts.push({ at, luck: drawLuck(random) })
  }
  return cuts.slice(0, count).toSorted((a, b) => a.at - b.at)
}

function judged({ name, at, luck, directory, acknowledged }, found) {
  const { openMs = 0, refused, lost = [], twice = [], torn = [], problems = [] } = found
  const isFine = !refused && lost.length + twice.length + torn.length + problems.length === 0
  const verdict = isFine ? `all ${acknowledged.length} there` : JSON.stringify({ refused, lost, twice, torn, problems })
  say(`cut ${name} at ${at} (${luck}): ${verdict}`)
  if (isFine || !kept) remove(directory)
  return {
    acknowledged: acknowledged.length,
    failed: isFine ? 0 : 1,
    refused: refused ? 1 : 0,
    lost: lost.length,
    twice: twice.length,
    torn: torn.length,
    problems: problems.length,
    openMs,
  }
}

function conclude(outcomes) {
  const sums = ['acknowledged', 'failed', 'refused', 'lost', 'twice', 'torn', 'problems'].map((key) => [
    key,
    outcomes.reduce((sum, outcome) => sum + outcome[key], 0),
  ])
  const figures = {
    seed: options.seed,
    points: outcomes.length,
    ...Object.fromEntries(sums),
    openMsMax: Math.round(Math.max(...outcomes.map(({ openMs }) => openMs))),
    seconds: Math.round((performance.now() - startedMs) / 1000),
  }
  report(asShipped ? 'power.asShipped' : 'power', figures, options)
  process.exitCode = figures.failed > 0 ? 1 : 0
}

function remove(directory) {
  fs.rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
}

function say(line) {
  if (!options.json) process.stdout.write(`${line}\n`)
}
