/**
 * Kill -9 in a loop: does an acknowledged write ever get lost?
 *
 *     node packages/caliber/test/crash.mjs --engine embedded|native --cycles N [--json] [--fault early-acknowledge]
 *
 * A child opens the engine, checks that every acknowledged id is in the table, says so, and goes on inserting; it appends
 * an id to the log through a descriptor of its own once the commit returned. We kill it 20–220 ms later, every other
 * time together with the server where that is a process of its own, and start the next. An acknowledged id that is
 * missing is lost. The fault, for the negative control, acknowledges first and commits a moment later.
 *
 * Runs what was built (`npm run build`). Exits with 1 when something was lost.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs'
import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startCluster } from '../dist/db/native/cluster.js'
import { openPglite } from '../dist/db/pglite/open.js'
import { openPostgres } from '../dist/db/postgres.js'

const { values: options } = parseArgs({
  options: {
    engine: { type: 'string', default: 'embedded' },
    cycles: { type: 'string', default: '60' },
    fault: { type: 'string', default: 'none' },
    json: { type: 'boolean', default: false },
    /** Set by ourselves: the directory of a child. */
    child: { type: 'string' },
  },
})

if (options.child) await writer(options.child)
else await loop()

async function loop() {
  const root = await fs.mkdtemp(path.join(os.tmpdir(), 'caliber-crash-'))
  // mkdtemp closes the directory to the account that a server runs under when we are root.
  await fs.chmod(root, 0o711)
  const cycles = Number(options.cycles)
  const lost = new Set()
  const openMs = []
  const startedMs = performance.now()
  try {
    if (options.engine === 'embedded') await prepareSnapshot(path.join(root, 'snapshot.tar.gz'))
    for (let cycle = 1; cycle <= cycles; cycle += 1) {
      const report = await oneCycle(root, cycle)
      openMs.push(report.openMs)
      for (const id of report.missing) lost.add(id)
      if (!options.json)
        process.stdout.write(`cycle ${cycle}: ${report.present} there, ${report.missing.length} missing\n`)
    }
    const last = await oneCycle(root, cycles + 1)
    for (const id of last.missing) lost.add(id)
    const result = {
      engine: options.engine,
      fault: options.fault,
      cycles,
      acknowledged: acknowledgedIds(root).length,
      lost: lost.size,
      reopenMsMax: Math.round(Math.max(...openMs)),
      seconds: Math.round((performance.now() - startedMs) / 1000),
    }
    process.stdout.write(
      options.json
        ? `${JSON.stringify(result)}\n`
        : `${Object.entries(result)
            .map((e) => e.join(' '))
            .join(', ')}\n`,
    )
    process.exitCode = lost.size > 0 && options.fault === 'none' ? 1 : 0
  } finally {
    if (options.engine === 'native') await killServer(root)
    await fs.rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}

/** Start a child, hear what it found, kill it while it writes. */
async function oneCycle(root, cycle) {
  const args = [
    fileURLToPath(import.meta.url),
    '--child',
    root,
    '--engine',
    options.engine,
    '--cycles',
    String(cycle),
    '--fault',
    options.fault,
  ]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), exited.then(() => [])])
  if (typeof line !== 'string') throw new Error(`The writer of cycle ${cycle} ended before it was ready.`)
  await sleep(20 + Math.random() * 200)
  child.kill('SIGKILL')
  if (options.engine === 'native' && cycle % 2 === 0) await killServer(root)
  await exited
  return JSON.parse(line)
}

async function writer(root) {
  const startedMs = performance.now()
  const db = await open(root)
  const openMs = performance.now() - startedMs
  await db.script('create table if not exists written (id bigint primary key, filler text)')
  const rows = await db.transaction((sql) => sql`select id from written`)
  const present = new Set(rows.map((row) => row.id))
  const missing = acknowledgedIds(root).filter((id) => !present.has(id))
  process.stdout.write(`${JSON.stringify({ openMs, present: present.size, missing })}\n`)

  const log = openSync(acknowledgements(root), 'a')
  const acknowledge = (id) => writeSync(log, `${id}\n`)
  for (let i = 1; ; i += 1) {
    const id = Number(options.cycles) * 1_000_000 + i
    if (options.fault === 'early-acknowledge') {
      acknowledge(id)
      await sleep(30)
    }
    await db.transaction(
      (sql) => sql`insert into written values (${id}, ${'x'.repeat(Math.floor(Math.random() * 3000))})`,
    )
    if (options.fault === 'none') acknowledge(id)
    if (i % 25 === 0) await db.script('checkpoint')
  }
}

async function open(root) {
  const dataDir = path.join(root, 'data')
  if (options.engine === 'embedded') return openPglite({ dataDir, snapshotFile: path.join(root, 'snapshot.tar.gz') })
  const cluster = await startCluster({ dataDir })
  return openPostgres({ url: cluster.adminUrl, tier: 'native' })
}

async function prepareSnapshot(file) {
  const db = await openPglite()
  await fs.writeFile(file, await db.dump())
  await db.close()
}

async function killServer(root) {
  const [pid] = (await fs.readFile(path.join(root, 'data', 'cluster', 'postmaster.pid'), 'utf8').catch(() => '')).split(
    '\n',
  )
  if (!pid) return
  try {
    process.kill(Number(pid), 'SIGKILL')
  } catch {
    // Gone already.
  }
}

function acknowledgements(root) {
  return path.join(root, 'acknowledged.log')
}

/** A kill may cut the last line short: such an id was not acknowledged. */
function acknowledgedIds(root) {
  const file = acknowledgements(root)
  if (!existsSync(file)) return []
  const text = readFileSync(file, 'utf8')
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  if (whole !== text) appendFileSync(file, '\n')
  return whole
    .split('\n')
    .filter((line) => /^\d{7,}$/.test(line))
    .map(Number)
}
