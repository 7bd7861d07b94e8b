// Mutation run on the core of Talos: npm run test:mutation -- [--files run,verify] [--quick] [--survivors]
// Prints a table of scores by file. --quick leaves slow tests out, --survivors lists what no test noticed. One at a time.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { install } from './legs.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = path.join(root, 'test/mutation')
const core =
  'queue,trace,mark,keep,evict,links,write,flush,run,verify,create,graph,effect,settled,watch,memo,node,state'

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: core },
    quick: { type: 'boolean', default: false },
    concurrency: { type: 'string', default: '1' },
    survivors: { type: 'boolean', default: false },
  },
})
const why = install('test/mutation')
if (why !== undefined) throw new Error(why)
const sources = values.files.split(',').map((name) => `src/${name}.ts`)
const program = path.join(folder, 'node_modules/@stryker-mutator/core/bin/stryker.js')
const { status } = spawnSync(
  process.execPath,
  [program, 'run', path.join(folder, 'stryker.config.mjs'), '--mutate', sources.join(',')],
  {
    cwd: path.join(root, 'packages/talos'),
    stdio: 'inherit',
    env: {
      ...process.env,
      MUTATION_CONCURRENCY: values.concurrency,
      ...(values.quick ? { MUTATION_QUICK: '1' } : {}),
    },
  },
)
if (status !== 0) process.exit(status ?? 1)
report(JSON.parse(readFileSync(path.join(folder, 'reports/mutation.json'), 'utf8')).files)

function report(files) {
  console.log(
    '\n| file | mutants | noticed | of them by time | not reached | survived | score |\n|---|---|---|---|---|---|---|',
  )
  const all = { noticed: 0, timeout: 0, bare: 0, survived: 0 }
  for (const [name, { mutants }] of Object.entries(files)) {
    const count = (...states) => mutants.filter((each) => states.includes(each.status)).length
    const tally = {
      noticed: count('Killed', 'Timeout'),
      timeout: count('Timeout'),
      bare: count('NoCoverage'),
      survived: count('Survived'),
    }
    for (const key of Object.keys(all)) all[key] += tally[key]
    print(name.replace('src/', ''), tally)
  }
  print('all', all)
  if (!values.survivors) return
  for (const [name, { mutants, source }] of Object.entries(files))
    for (const { status, location, mutatorName, replacement } of mutants)
      if (status === 'Survived' || status === 'NoCoverage')
        console.log(
          `${name}:${location.start.line}:${location.start.column} ${status} ${mutatorName}: ${textAt(source, location)} -> ${replacement}`,
        )
}

function print(name, { noticed, timeout, bare, survived }) {
  const total = noticed + bare + survived
  const score = total === 0 ? '—' : `${((100 * noticed) / total).toFixed(1)} %`
  console.log(`| ${name} | ${total} | ${noticed} | ${timeout} | ${bare} | ${survived} | ${score} |`)
}

function textAt(source, { start, end }) {
  const lines = source.split('\n').slice(start.line - 1, end.line)
  const last = lines.length - 1
  lines[last] = lines[last].slice(0, end.column - 1)
  lines[0] = lines[0].slice(start.column - 1)
  const text = lines.join(' ').replaceAll(/\s+/g, ' ')
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}
