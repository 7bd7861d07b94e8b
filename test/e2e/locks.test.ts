/** Locks on a real server under users that freeze, overstay and write on: sound, and found out when they are not. */
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { testDatabase } from '../../packages/caliber/src/db/testing/database.ts'
import { endPrograms, runProgram } from './program.ts'

const seed = Number(process.env['CALIBER_LOCKS_SEED'] ?? 20_261_127)
/** Agents slow down with the machine; an idle one needs a twentieth of it. */
const timeoutMs = 240_000
const program = fileURLToPath(new URL('../dist/locks/main.js', import.meta.url))

afterEach(endPrograms)

test(
  'no promise of a lock is broken: no stale write behind a newer one, one fence for one holder, no overlap',
  async () => {
    const { code, figures, stderr } = await run(['--ops', '1000'])

    expect(stderr).toBe('')
    expect(figures).toMatchObject({ seed, operations: 1_000, violations: 0, 'rounds.notLinearizable': 0 })
    expect(code).toBe(0)
    for (const answer of [
      'acquireGranted',
      'acquireHeld',
      'extendGranted',
      'releaseReleased',
      'writeWritten',
      'writeStale',
    ]) {
      expect(figures[`answers.${answer}`]).toBeGreaterThan(0)
    }
  },
  timeoutMs,
)

test(
  'a guard that looks at the lock without locking it is found out',
  async () => {
    const { code, figures } = await run(['--ops', '50000', '--ops-per-round', '1000', '--without-for-share'])

    expect(figures['violations.inversion']).toBeGreaterThan(0)
    expect(figures['rounds.notLinearizable']).toBe(1)
    expect(code).toBe(1)
  },
  timeoutMs,
)

async function run(words: readonly string[]) {
  const { url, close } = await testDatabase()
  try {
    const { code, stdout, stderr } = await runProgram(program, [...words, '--url', url, '--seed', `${seed}`, '--json'])
    process.stdout.write(stdout)
    const { figures }: { figures: Record<string, number> } = JSON.parse(stdout)
    return { code, figures, stderr }
  } finally {
    await close()
  }
}
