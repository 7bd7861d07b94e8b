/**
 * A small round of `npm run test:fuzz`: every parser, and every kind of seeded fault. The same runs on any machine, as they
 * follow from the seed; growth is told by counting alone.
 */
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { endPrograms, runProgram } from '../e2e/program.ts'
import { parsers } from './parsers.mjs'

const program = fileURLToPath(new URL('main.mjs', import.meta.url))
/** More with CALIBER_FUZZ_RUNS; the claim of 200,000 is shown by `npm run test:fuzz`. */
const runs = Number(process.env['CALIBER_FUZZ_RUNS'] ?? 2_000)
const seed = Number(process.env['CALIBER_FUZZ_SEED'] ?? 20_261_122)
const timeoutMs = 600_000

afterAll(endPrograms)

test.each(parsers.map(({ name }) => name))(
  '%s answers every input as it promises',
  async (name) => {
    const report = await fuzz(name, runs)
    expect(report.failure, `seed ${seed}`).toBeUndefined()
    expect(report.executions).toBeGreaterThanOrEqual(runs)
    // A fuzzer that reaches nothing finds nothing.
    expect(report.reached).toBeGreaterThan(10)
    expect(report.corpus).toBeGreaterThan(3)
  },
  timeoutMs,
)

test.each([
  ['crash', 'crash'],
  ['hang', 'hang'],
  ['slow', 'slow'],
  ['superlinear', 'superlinear'],
  ['chunking', 'crash'],
])(
  'a parser with the seeded fault %s is found out within 60,000 runs',
  async (fault, kind) => {
    const { failure } = await fuzz(`fault-${fault}`, fault === 'superlinear' ? 1_000 : 60_000)
    expect(failure).toMatchObject({ kind })
    expect(failure?.input).not.toBe('')
  },
  timeoutMs,
)

interface Report {
  readonly executions: number
  readonly reached: number
  readonly corpus: number
  readonly failure?: { readonly kind: string; readonly message: string; readonly input: string }
}

async function fuzz(name: string, count: number): Promise<Report> {
  const words = ['--parser', name, '--runs', `${count}`, '--seed', `${seed}`, '--probes', '20', '--untimed', '--json']
  const { stdout, stderr } = await runProgram(program, words)
  expect(stderr).toBe('')
  return JSON.parse(stdout)
}
