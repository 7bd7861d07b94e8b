/**
 * Kill -9 in a loop, through the product: does an acknowledged turn ever get lost?
 *
 *     node test/e2e/crash.mjs --tier embedded|native --cycles N [--seed N] [--json] [--fault early-acknowledge]
 *
 * A child opens the memory with `openCaliber`, checks that every acknowledged turn is there once and that `memory.verify`
 * finds nothing wrong, says so, and goes on appending; it logs a turn through a descriptor of its own once the append was
 * acknowledged. We kill it a seeded moment after its first acknowledgement, every fourth time while it still opens or has
 * just begun, on the native tier every other time together with the server, and start the next. What the log names and the memory does not hold is lost. The
 * fault, for the negative control, acknowledges first and appends a moment later.
 *
 * Runs what was built (`npm run build`). Exits with 1 when something was lost, stored twice or found damaged. The same for
 * the bare drivers: packages/caliber/test/crash.mjs.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, openSync, readFileSync, writeSync } from 'node:fs'
import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { openCaliber } from 'caliber'

const { values: options } = parseArgs({
  options: {
    tier: { type: 'string', default: 'embedded' },
    cycles: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    fault: { type: 'string', default: 'none' },
    /** Set by ourselves: the directory of a child, and that it is to look and no more. */
    child: { type: 'string' },
    look: { type: 'boolean', default: false },
  },
})

if (options.child) await child(options.child)
else await loop()

async function loop() {
  const { tier } = options
  const cycles = Number(options.cycles)
  const seed = Number(options.seed)
  const below = seeded(seed)
  const root = await fs.mkdtemp(path.join(os.tmpdir(), 'caliber-crash-'))
  // mkdtemp closes the directory to the account that a server runs under when we are root.
  await fs.chmod(root, 0o711)
  const lost = new Set()
  const twice = new Set()
  const problems = []
  let reopenMsMax = 0
  const startedMs = performance.now()
  const note = (report) => {
    if (!report) return
    for (const text of report.missing) lost.add(text)
    for (const text of report.twice) twice.add(text)
    problems.push(...report.problems)
    reopenMsMax = Math.max(reopenMsMax, Math.round(report.openMs))
  }
  try {
    for (let cycle = 1; cycle <= cycles; cycle += 1) {
      const whileOpening = cycle % 4 === 0
      const report = await killed(root, {
        waitForWrites: !whileOpening,
        afterMs: whileOpening ? below(3_000) : below(800),
        withServer: cycle % 2 === 0,
      })
      note(report)
      if (!options.json)
        process.stdout.write(`cycle ${cycle}: ${report ? `${report.present} there` : 'killed while opening'}\n`)
    }
    note(await lookedAt(root))
    const acknowledged = acknowledgedTexts(root).length
    const result = {
      tier,
      ...(options.fault === 'none' ? {} : { fault: options.fault }),
      seed,
      cycles,
      acknowledged,
      lost: lost.size,
      twice: twice.size,
      problems: problems.length,
      reopenMsMax,
      seconds: Math.round((performance.now() - startedMs) / 1000),
    }
    const words = Object.entries(result).map((entry) => entry.join(' '))
    process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : `${words.join(', ')}\n`)
    process.exitCode = lost.size + twice.size + problems.length > 0 ? 1 : 0
  } finally {
    await killServer(root)
    await fs.rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}

/** Start a writer and kill it. @returns what it found, unless it was killed before it could look */
async function killed(root, { waitForWrites, afterMs, withServer }) {
  const writer = start(root)
  if (waitForWrites) await writer.wrote
  await sleep(afterMs)
  writer.process.kill('SIGKILL')
  if (withServer) await killServer(root)
  await writer.exited
  return writer.said[0]
}

async function lookedAt(root) {
  const reader = start(root, '--look')
  await reader.exited
  if (!reader.said[0]) throw new Error('The last child ended before it had looked.')
  return reader.said[0]
}

function start(root, ...more) {
  const words = [
    fileURLToPath(import.meta.url),
    '--child',
    root,
    '--tier',
    options.tier,
    '--fault',
    options.fault,
    ...more,
  ]
  const started = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(started, 'close')
  const said = []
  const wrote = new Promise((resolve, reject) => {
    createInterface(started.stdout).on('line', (line) => {
      said.push(JSON.parse(line))
      if (said.length === 2) resolve()
    })
    void exited.then(() => reject(new Error(`A child of the ${options.tier} tier ended before it had written.`)))
  })
  // Not everybody waits for it.
  wrote.catch(() => {})
  return { process: started, exited, said, wrote }
}

async function child(root) {
  const startedMs = performance.now()
  const memory = await openCaliber({ dataDir: path.join(root, 'memory'), tier: options.tier })
  const openMs = performance.now() - startedMs
  const { ok, problems } = await memory.memory.verify()
  const stored = await storedTexts(memory)
  const present = new Set(stored)
  const missing = acknowledgedTexts(root).filter((text) => !present.has(text))
  const twice = stored.filter((text, index) => stored.indexOf(text) !== index)
  const report = { openMs, present: present.size, missing, twice, problems: ok ? [] : problems }
  process.stdout.write(`${JSON.stringify(report)}\n`)
  if (!options.look) await appendForever(memory, openSync(logOf(root), 'a'))
  await memory.close()
}

/** Batches of one to five turns; a batch is acknowledged as a whole. */
async function appendForever(memory, log) {
  const name = `process ${process.pid}-${Date.now()}`
  const { trajectoryId } = await memory.trajectory.start({ name })
  const { scopeId } = await memory.scope.open({ trajectoryId, name })
  for (let i = 1; ; i += 1) {
    const texts = Array.from({ length: 1 + (i % 5) }, (_, j) => `${name}-${i}.${j} ${'x'.repeat((i * 97) % 2_000)}`)
    const acknowledge = () => writeSync(log, texts.map((text) => `${labelOf(text)}\n`).join(''))
    if (options.fault === 'early-acknowledge') {
      acknowledge()
      await sleep(30)
    }
    await memory.turn.append({ scopeId, turns: texts.map((content) => ({ role: 'user', content })) })
    if (options.fault === 'none') acknowledge()
    if (i === 1) process.stdout.write('{"wrote":true}\n')
  }
}

async function storedTexts(memory) {
  const labels = []
  for (let after; ; ) {
    const { items, next } = await memory.scope.list({ limit: 1_000, after })
    for (const { scopeId } of items) labels.push(...(await turnsOf(memory, scopeId)))
    if (next === null) return labels
    after = next
  }
}

async function turnsOf(memory, scopeId) {
  const labels = []
  for (let afterSequence; ; ) {
    const { items, next } = await memory.turn.list({ scopeId, limit: 1_000, afterSequence })
    labels.push(...items.map(({ content }) => labelOf(content)))
    if (next === null) return labels
    afterSequence = next
  }
}

/** A turn's text without its filler. */
function labelOf(text) {
  return text.trimEnd().replace(/ x+$/, '')
}

/** A kill may cut the last line short: such a turn was not acknowledged. */
function acknowledgedTexts(root) {
  if (!existsSync(logOf(root))) return []
  const lines = readFileSync(logOf(root), 'utf8').split('\n').slice(0, -1)
  return lines.filter((line) => /^process \d+-\d+-\d+\.\d$/.test(line))
}

function logOf(root) {
  return path.join(root, 'acknowledged.log')
}

/** On the embedded tier there is none. */
async function killServer(root) {
  const file = path.join(root, 'memory', 'cluster', 'postmaster.pid')
  const [pid] = (await fs.readFile(file, 'utf8').catch(() => '')).split('\n')
  if (!pid) return
  try {
    process.kill(Number(pid), 'SIGKILL')
  } catch {
    // Gone already.
  }
}

/** The same numbers as seeded.ts, which plain Node cannot import. */
function seeded(seed) {
  let state = seed >>> 0
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound)
  }
}
