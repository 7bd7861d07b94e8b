// The main job in one line: import a real transcript, ask for a context under a token budget, serve it.
// Each step is a command of `caliber`, shown before it runs. `--once` ends instead of serving.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const cli = path.join(root, 'packages/caliber/dist/surfaces/cli/main.js')
const dataDir = process.env['CALIBER_DATA_DIR'] ?? path.join(root, '.caliber')
const endAfterwards = process.argv.includes('--once')
const colour = process.stdout.isTTY && !process.env['NO_COLOR']

/** Run a command of the CLI as a person would, and stop when it fails. */
function caliber(...words) {
  const shown = words.map((word) => (/^[\w./:-]+$/.test(word) ? word : JSON.stringify(word))).join(' ')
  console.log(colour ? `\n\u001b[1m$ caliber ${shown}\u001b[0m` : `\n$ caliber ${shown}`)
  const { status } = spawnSync(process.execPath, [cli, ...words], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, CALIBER_DATA_DIR: dataDir },
  })
  if (status !== 0) process.exit(status ?? 1)
}

caliber('import', 'examples/data/harbor.jsonl')
caliber('context', 'What is the current rate limit per IP address?', '--budget', '600', '--receipt')
if (endAfterwards) await announce()
else {
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => {})
  caliber('up')
}

/** Serve just long enough to print the addresses and the client configuration. */
async function announce() {
  console.log('\n$ caliber up')
  const served = spawn(process.execPath, [cli, 'up'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, CALIBER_DATA_DIR: dataDir },
  })
  let said = ''
  served.stdout.on('data', (piece) => {
    said += piece
    process.stdout.write(piece)
    if (said.includes('Ctrl-C')) served.kill('SIGTERM')
  })
  const [status] = await once(served, 'exit')
  process.exitCode = status ?? 1
}
