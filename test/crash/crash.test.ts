/** The gate's share of `npm run test:crash` (60 and 1,000 cycles) and `npm run test:power` (200 and 5,000 points). */
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { endPrograms, runProgram } from '../e2e/program.ts'

const cycles = Number(process.env['CALIBER_CRASH_CYCLES'] ?? 3)
const points = Number(process.env['CALIBER_POWER_POINTS'] ?? 8)
const seed = process.env['CALIBER_CRASH_SEED'] ?? '1'
const timeoutMs = 120_000 + (cycles + points) * 20_000

afterEach(endPrograms)

test.each(['embedded', 'native'])(
  'kill -9 while writing, importing and migrating the %s tier loses nothing acknowledged',
  async (tier) => {
    const { figures } = await run('crash.mjs', '--tier', tier, '--cycles', `${cycles}`)
    const of = (name: string) => figures[`${tier}.${name}`]
    expect(['lost', 'twice', 'torn', 'problems'].map(of)).toEqual([0, 0, 0, 0])
    expect(of('acknowledged')).toBeGreaterThan(0)
    const killed = ['write', 'import', 'migrate', 'opening'].map((moment) => of(`killed.${moment}`) ?? 0)
    expect(killed.reduce((sum, count) => sum + count, 0)).toBe(cycles)
  },
  timeoutMs,
)

test(
  'the loop sees a loss where there is one: a writer that acknowledges too early is found out',
  async () => {
    const early = ['--fault', 'early-acknowledge']
    const { code, figures } = await run('crash.mjs', '--tier', 'native', '--cycles', '4', ...early)
    expect(figures['native.lost']).toBeGreaterThan(0)
    expect(code).toBe(1)
  },
  timeoutMs,
)

test(
  'a power cut at any moment leaves a memory that opens, with everything acknowledged and nothing half there',
  async () => {
    const { code, figures } = await run('power.mjs', '--points', `${points}`, '--batches', '8')
    expect(figures).toMatchObject({ points, refused: 0, lost: 0, twice: 0, torn: 0, problems: 0 })
    expect(figures['acknowledged']).toBeGreaterThan(0)
    expect(code).toBe(0)
  },
  timeoutMs,
)

test(
  'the cut sees a loss where there is one: PGlite as it ships does not survive it',
  async () => {
    const { code, figures } = await run('power.mjs', '--as-shipped', '--points', '5', '--batches', '8')
    expect((figures['lost'] ?? 0) + (figures['refused'] ?? 0)).toBeGreaterThan(0)
    expect(code).toBe(1)
  },
  timeoutMs,
)

async function run(program: string, ...words: readonly string[]) {
  const file = fileURLToPath(new URL(program, import.meta.url))
  const { code, stdout, stderr } = await runProgram(file, [...words, '--seed', seed, '--json'])
  process.stdout.write(`${stdout}${stderr}`)
  const { figures } = JSON.parse(stdout) as { readonly figures: Readonly<Record<string, number>> }
  return { code, figures }
}
