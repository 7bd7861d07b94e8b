/** The program itself in a terminal emulator: what a person would see. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { makeSheet, type Sheet } from './sheet.ts'

const root = join(import.meta.dirname, '../../..')
const program = join(root, 'packages/talos-inspector/dist/bin.js')
const hasTmux = spawnSync('tmux', ['-V']).status === 0
const socket = `talos-inspector-${process.pid}`
let sheet: Sheet | undefined

beforeAll(() => {
  if (!hasTmux || (process.env['CALIBER_TEST_BUILT'] !== undefined && existsSync(program))) return
  const tsc = createRequire(import.meta.url)
    .resolve('typescript/package.json')
    .replace('package.json', 'bin/tsc')
  execFileSync(process.execPath, [tsc, '-b', 'packages/talos-inspector'], { cwd: root })
}, 120_000)

afterEach(async () => {
  spawnSync('tmux', ['-L', socket, 'kill-server'])
  await sheet?.[Symbol.asyncDispose]()
})

test.skipIf(!hasTmux)('a person looks around, sets an input, and gets the terminal back', async () => {
  sheet = await makeSheet(join(root, 'packages/talos/dist/index.js'))
  start(`echo before; ${command(sheet.live)}; echo after $?; sleep 60`)
  expect(await screen('❯ input')).not.toContain('before')
  await keys(['j'], '2/7')
  await keys(['s'], 'rate = 0.2')
  await keys(['BSpace', '5', 'Enter'], 'Set rate; 2 values are stale.')
  await keys(['Down', 'Down', 'Enter'], /❯ stale +derived tax/)
  await keys(['c'], 'Computed tax.')
  expect(await keys(['t'], 'what it depends on')).toMatch(/❯ fresh +derived tax .*25/)
  await keys(['BSpace'], 'served: what it read is unchanged')
  expect(await keys(['q'], 'after 0')).toMatch(/^before\nafter 0\n/)
})

test.skipIf(!hasTmux)('a terminal made smaller is drawn anew, and a signal gives it back too', async () => {
  sheet = await makeSheet(join(root, 'packages/talos/dist/index.js'))
  start(`${command(sheet.words)}; echo after $?; sleep 60`)
  await screen('❯ input')
  tmux('resize-window', '-x', '30', '-y', '6')
  expect(await screen(/❯ input +price\n/)).toMatch(/^sheet/)
  const shell = tmux('display-message', '-p', '#{pane_pid}').trim()
  process.kill(Number(execFileSync('pgrep', ['-P', shell], { encoding: 'utf8' })), 'SIGTERM')
  expect(await screen('after 143')).not.toContain('❯')
})

test.skipIf(!hasTmux)('a store that is not there is said on the screen as it was', async () => {
  sheet = await makeSheet(join(root, 'packages/talos/dist/index.js'))
  start(`${command(['--store', '/nowhere', '--key', 'k'])}; echo after $?; sleep 60`)
  expect(await screen('after 1')).toContain('talos-inspect: There is no store at /nowhere.')
})

function start(script: string): void {
  const keep = ['set-option', '-g', 'remain-on-exit', 'on', ';']
  tmux('-f', '/dev/null', 'start-server', ';', ...keep, 'new-session', '-d', '-x', '100', '-y', '20', script)
}

function command(words: readonly string[]): string {
  return [process.execPath, program, ...words].join(' ')
}

async function keys(names: readonly string[], shows: string | RegExp): Promise<string> {
  tmux('send-keys', ...names)
  return screen(shows)
}

/** What is on the screen once it shows something; the test's own limit ends the wait. */
async function screen(shows: string | RegExp): Promise<string> {
  for (;;) {
    const text = tmux('capture-pane', '-p')
    if (typeof shows === 'string' ? text.includes(shows) : shows.test(text)) return text
    await pause(20)
  }
}

function tmux(...words: string[]): string {
  return execFileSync('tmux', ['-L', socket, ...words], { encoding: 'utf8' })
}
