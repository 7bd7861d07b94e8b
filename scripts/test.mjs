// Everything that a fresh machine can run: build, checks, tests, examples, and the main job itself.
// Ends with one line that counts them all.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { node22 } from './legs.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const temporary = mkdtempSync(path.join(os.tmpdir(), 'caliber-tests-'))
const totals = { passed: 0, failed: 0, skipped: 0 }

function run(title, words, env = {}, node = process.execPath) {
  console.log(`\n== ${title}`)
  const { status } = spawnSync(node, words, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  })
  return status === 0
}

function step(title, words, env) {
  const passed = run(title, words, env)
  totals[passed ? 'passed' : 'failed'] += 1
  return passed
}

function vitest(title, words = [], node = process.execPath) {
  const file = path.join(temporary, 'vitest.json')
  rmSync(file, { force: true })
  const reports = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const passed = run(
    title,
    ['node_modules/vitest/vitest.mjs', 'run', ...reports, ...words],
    { CALIBER_TEST_BUILT: '1' },
    node,
  )
  try {
    const report = JSON.parse(readFileSync(file, 'utf8'))
    totals.passed += report.numPassedTests
    totals.skipped += report.numPendingTests + report.numTodoTests
    // A file that cannot be loaded has no tests to count, yet it failed.
    totals.failed += Math.max(report.numFailedTests, passed ? 0 : 1)
  } catch {
    totals.failed += 1
  }
}

/** Tests of what Node 20 lacks, under the Node of test/legs/node22. This Node ran them itself if it can. */
function sqlite() {
  if (process.getBuiltinModule?.('node:sqlite') !== undefined) return
  const { node, why } = node22()
  if (node === undefined) skip('SQLite', why)
  else vitest('SQLite, under Node 22', ['--project', 'talos', 'packages/talos/test/sqlite.test.ts'], node)
}

function skip(title, why) {
  console.log(`\n== ${title}\nskipped: ${why}`)
  totals.skipped += 1
}

try {
  if (step('build', ['scripts/build.mjs'])) {
    step('checks', ['scripts/check.mjs'])
    vitest('tests')
    sqlite()
    step('examples', ['examples/dist/all.js'])
    step('the main job', ['scripts/start.mjs', '--once'], { CALIBER_DATA_DIR: path.join(temporary, 'data') })
  }
} finally {
  rmSync(temporary, { recursive: true, force: true })
}
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`)
process.exitCode = totals.failed === 0 ? 0 : 1
