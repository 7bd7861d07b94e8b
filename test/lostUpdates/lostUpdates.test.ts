/** `npm run test:lost-updates` in small, with its negative control. */
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runProgram } from '../e2e/program.ts'

const program = fileURLToPath(new URL('main.mjs', import.meta.url))

test.each(['embedded', 'native'])('what several processes write to the %s tier at once is all there', async (tier) => {
  const { code, figures } = await run('--processes', '3', '--writes', '20', '--tier', tier)
  expect(figures).toMatchObject({ [`${tier}.acknowledged`]: 60, [`${tier}.lost`]: 0, [`${tier}.unasked`]: 0 })
  expect(code).toBe(0)
}, 120_000)

test('writers that do not say what they read lose updates, and it is seen', async () => {
  const { code, figures } = await run('--processes', '3', '--writes', '40', '--tier', 'native', '--blind')
  expect(figures['native.lost']).toBeGreaterThan(0)
  expect(code).toBe(1)
}, 120_000)

async function run(...words: string[]) {
  const { code, stdout, stderr } = await runProgram(program, [...words, '--json'])
  expect(stderr).toBe('')
  return { code, figures: JSON.parse(stdout.trim().split('\n').at(-1) ?? '').figures as Record<string, number> }
}
