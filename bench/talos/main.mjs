/**
 * The bench of Talos: shapes against its peers, and single figures beside their goals.
 *
 *     node bench/talos/main.mjs [--json] [--rounds 5] [--only kairo,cellx,dynamic,ladder,figures]
 *
 * Every library runs in processes of its own, interleaved round by round; times are CPU time, the fastest
 * repetition in a process and the median over rounds; what is reported are ratios. Needs a built package.
 */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const option = (name) => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? undefined : process.argv[at + 1]
}
const json = process.argv.includes('--json')
const rounds = Number(option('rounds') ?? 5)
const only = option('only')?.split(',')
const wanted = (name) => only === undefined || only.includes(name)
const LIBRARIES = ['talos', 'alien', 'preact', 'reactively', 'mobx']
/** MobX computes unobserved values again at every read: the dynamic graphs, read from outside, take it minutes. */
const SKIPPED = { dynamic: ['mobx'] }

const GOALS = {
  'kairo.ratioToAlien': ['<=', 1.15],
  'cellx.ratioToAlien': ['<=', 1.15],
  'dynamic.ratioToAlien': ['<=', 0.85],
  'ladder.ratioToAlien': ['<=', 1.3],
  'kairo.mobxOverTalos': ['>=', 4],
  'cutoff1000.us': ['<=', 0.2],
  'read.observedNs': ['<=', 3],
  'read.unobservedNs': ['<=', 4],
  'memo1.ns': ['<=', 25],
  'bytes.perDerived': ['<=', 150],
  'bytes.perEdge': ['<=', 20],
  'chain.coldMax': ['>=', 100_000],
  'chain.warmMax': ['>=', 1_000_000],
  'fork.us': ['<=', 1],
  'fork.commitRuns': ['<=', 0],
  'restart.ms': ['<=', 1000],
  'restart.recomputes': ['<=', 0],
  'share.publications': ['==', 1000],
  'share.publicationsUnderKill': ['==', 1000],
  'share.publishedTwice': ['<=', 0],
  'leak.bytes': ['<=', 1_000_000],
}

const figures = {}
const table = []
for (const suite of ['kairo', 'cellx', 'dynamic', 'ladder']) if (wanted(suite)) compare(suite)
if (wanted('figures')) {
  for (const name of ['cutoff', 'reads', 'bytes', 'chain', 'forks', 'restart', 'share', 'leak']) {
    note(`figure ${name}`)
    Object.assign(figures, run('figures.mjs', [name]))
  }
  figures['size.coreGzipBytes'] = await coreSize()
}

const report = { name: 'talos', figures, machine: machine(), commit: commit() }
if (only === undefined)
  writeFileSync(here('../results/talos.json'), `${JSON.stringify({ ...report, table }, null, 2)}\n`)
if (json) console.log(JSON.stringify(report))
else print()

/** Run every library on a suite, round by round, and keep ratios to alien-signals. */
function compare(suite) {
  const libraries = LIBRARIES.filter((library) => !SKIPPED[suite]?.includes(library))
  const samples = Object.fromEntries(libraries.map((library) => [library, {}]))
  const pulls = {}
  for (let round = 0; round < rounds; round++) {
    note(`${suite}, round ${round + 1} of ${rounds}`)
    for (const library of libraries) {
      const result = run('worker.mjs', [library, suite, suite === 'dynamic' ? '3' : '5'])
      pulls[library] = result.pulls
      for (const [test, us] of Object.entries(result.results)) {
        samples[library][test] ??= []
        samples[library][test].push(us)
      }
    }
  }
  const medians = Object.fromEntries(
    libraries.map((library) => [
      library,
      Object.fromEntries(Object.entries(samples[library]).map(([t, v]) => [t, median(v)])),
    ]),
  )
  for (const test of Object.keys(medians.talos)) {
    table.push({
      suite,
      test,
      ...Object.fromEntries(libraries.map((l) => [l, round2(medians[l][test] / medians.alien[test])])),
    })
  }
  const mean = (library) =>
    geomean(Object.keys(medians.alien).map((test) => medians[library][test] / medians.alien[test]))
  table.push({ suite, test: 'geometric mean', ...Object.fromEntries(libraries.map((l) => [l, round2(mean(l))])) })
  figures[`${suite}.ratioToAlien`] = round2(mean('talos'))
  if (suite === 'kairo') figures['kairo.mobxOverTalos'] = round2(mean('mobx') / mean('talos'))
  if (suite === 'dynamic') {
    const extra = Object.keys(pulls.alien).map((test) => pulls.talos[test] - pulls.alien[test])
    figures['dynamic.extraRuns'] = extra.reduce((sum, n) => sum + n, 0)
  }
}

function run(script, parameters) {
  const output = execFileSync('node', ['--expose-gc', '--max-old-space-size=3500', here(script), ...parameters], {
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 600_000,
  })
  return JSON.parse(output.toString())
}

async function coreSize() {
  const { outputFiles } = await build({
    stdin: {
      contents:
        "import { createGraph } from './index.js'; const { input, derived } = createGraph(); export { input, derived }",
      resolveDir: here('../../packages/talos/dist'),
    },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
  })
  return gzipSync(outputFiles[0].contents, { level: 9 }).length
}

function print() {
  const pad = (value, width) => String(value).padStart(width)
  if (table.length > 0) {
    console.log(`${'time as a ratio to alien-signals'.padEnd(36)}${LIBRARIES.map((l) => pad(l, 11)).join('')}`)
    for (const row of table)
      console.log(
        `${`${row.suite}: ${row.test}`.padEnd(36)}${LIBRARIES.map((l) => pad(row[l]?.toFixed(2) ?? '-', 11)).join('')}`,
      )
    console.log()
  }
  for (const [name, value] of Object.entries(figures)) {
    const goal = GOALS[name]
    const verdict = goal === undefined ? '' : `goal ${goal[0]} ${goal[1]}  ${meets(value, goal) ? 'reached' : 'MISSED'}`
    console.log(`${name.padEnd(32)}${pad(Math.round(value * 1000) / 1000, 12)}   ${verdict}`)
  }
}

function meets(value, [relation, goal]) {
  return relation === '<=' ? value <= goal : relation === '>=' ? value >= goal : value === goal
}

function machine() {
  return { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version, load: loadavg().map(round2) }
}

function commit() {
  return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: here('.') })
    .toString()
    .trim()
}

function note(text) {
  process.stderr.write(`${text}\n`)
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}

function geomean(values) {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)
}

function round2(value) {
  return Math.round(value * 100) / 100
}
