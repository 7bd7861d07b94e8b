// The gates that need no database: format, lint, types, stale generated files, rules without a test, dead exports.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const bin = (name) => path.join(root, 'node_modules', name)

const gates = {
  build: [process.execPath, 'scripts/build.mjs'],
  format: [process.execPath, bin('@biomejs/biome/bin/biome'), 'check', '--error-on-warnings', '.'],
  lint: [process.execPath, bin('oxlint/bin/oxlint'), '--deny-warnings'],
  types: [process.execPath, bin('typescript/bin/tsc'), '-p', 'tsconfig.json', '--noEmit'],
  contract: [process.execPath, 'scripts/gen/main.mjs', '--check'],
  snippets: [process.execPath, 'scripts/snippets.mjs', '--check'],
  schema: [process.execPath, 'scripts/schema.mjs', '--check'],
  traceability: [process.execPath, 'scripts/traceability.mjs', '--check'],
  'dead exports': [process.execPath, bin('knip/bin/knip.js')],
}

const failures = []
for (const [name, [command, ...words]] of Object.entries(gates)) {
  const startedMs = Date.now()
  const { status, stdout, stderr } = spawnSync(command, words, { cwd: root, encoding: 'utf8' })
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name} (${((Date.now() - startedMs) / 1000).toFixed(1)} s)`)
  if (status !== 0) {
    failures.push(name)
    console.log(`${stdout}${stderr}`)
  }
}
if (!rulesHaveTests('packages/caliber/src/domain/context')) failures.push('rules')
process.exitCode = failures.length === 0 ? 0 : 1

/** Every rule of a folder's SPEC.md has a test whose name starts with its id. */
function rulesHaveTests(folder) {
  const rules = [...readFileSync(path.join(root, folder, 'SPEC.md'), 'utf8').matchAll(/^\| ([A-Z]\d+) \|/gm)].map(
    ([, id]) => id,
  )
  const tests = readdirSync(path.join(root, folder))
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => readFileSync(path.join(root, folder, name), 'utf8'))
    .join('\n')
  const named = new Set([...tests.matchAll(/test\('((?:[A-Z]\d+(?:, )?)+):/g)].flatMap(([, ids]) => ids.split(', ')))
  const bare = rules.filter((id) => !named.has(id))
  console.log(
    bare.length === 0
      ? `ok     rules (${rules.length} in ${folder})`
      : `FAILED rules without a test: ${bare.join(', ')}`,
  )
  return rules.length > 0 && bare.length === 0
}
