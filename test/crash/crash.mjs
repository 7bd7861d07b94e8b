/**
 * Kill -9 in a loop: does an acknowledged write ever get lost?
 *
 * In each cycle a program writes, imports or migrates (memoryProgram.mjs) and is killed at a seeded moment: after its
 * first acknowledgement, while it still opens, or between and within migrations; on the native tier every other time
 * together with the server. The next start must find every batch that the log names, whole and once, a memory that
 * verifies, and the schema of a fresh one. The fault, for the negative control, acknowledges first and writes a moment later.
 *
 * Exits with 1 when anything was lost, stored twice or in part, or found damaged.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { commandWords } from '../../bench/dist/commandWords.js'
import { report } from '../../bench/dist/report.js'
import { shippedMigrations } from '../../packages/caliber/dist/db/migrate.js'
import { seeded } from '../dist/e2e/seeded.js'
import { acknowledgedIn } from './acknowledgements.mjs'
import { makeOlder } from './bareDatabase.mjs'
import { start } from './program.mjs'

const options = commandWords(
  `usage: npm run test:crash -- [--cycles 60] [--tier embedded|native|both] [--seed 1] [--fault early-acknowledge] [--json]

--cycles   kills on each tier
--fault    the negative control: acknowledge first, write a moment later`,
  { counts: { cycles: 60, seed: 1 }, texts: { tier: 'both', fault: 'none' }, flags: ['json'] },
)
const { cycles, seed } = options
const migrations = (await shippedMigrations()).length

const figures = { seed }
for (const tier of options.tier === 'both' ? ['embedded', 'native'] : [options.tier]) {
  for (const [name, value] of Object.entries(await killAgainAndAgain(tier))) figures[`${tier}.${name}`] = value
}
report(options.fault === 'none' ? 'crash' : `crash.${options.fault}`, figures, options)
const isBad = ([name, value]) => /\.(lost|twice|torn|problems)$/.test(name) && value > 0
process.exitCode = Object.entries(figures).some(isBad) ? 1 : 0

async function killAgainAndAgain(tier) {
  const startedMs = performance.now()
  const random = seeded(seed)
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'caliber-crash-'))
  // mkdtemp closes the directory to the account that a server runs under when we are root.
  fs.chmodSync(root, 0o711)
  const place = { tier, root, dataDir: path.join(root, 'memory'), log: path.join(root, 'acknowledged.log') }
  const killed = { write: 0, import: 0, migrate: 0, opening: 0 }
  const found = { lost: new Set(), twice: new Set(), torn: new Set(), problems: [], reopenMs: [] }
  let acknowledged = []
  let works = []
  try {
    for (let cycle = 1; cycle <= cycles; cycle += 1) {
      if (works.length === 0) works = shuffled(random)
      const work = works.pop()
      const given = { ...place, cycle, work, random, withServer: cycle % 2 === 0 }
      const { moment, seen } = await (work === 'migrate' ? killMigrating(given) : killUsing(given))
      killed[moment] += 1
      note(found, seen)
      say(`${tier} ${cycle}: killed at ${moment}; ${seen ? told(seen) : 'not opened'}`)
    }
    acknowledged = acknowledgedIn(place.log)
    note(found, await lookAt(tier, place.dataDir, acknowledged))
  } finally {
    await killServer(place.dataDir)
    fs.rmSync(root, { recursive: true, force: true, maxRetries: 5 })
  }
  return {
    cycles,
    ...Object.fromEntries(Object.entries(killed).map(([moment, count]) => [`killed.${moment}`, count])),
    acknowledged: acknowledged.length,
    lost: found.lost.size,
    twice: found.twice.size,
    torn: found.torn.size,
    problems: found.problems.length,
    reopenMsMax: Math.round(Math.max(...found.reopenMs)),
    seconds: Math.round((performance.now() - startedMs) / 1000),
  }
}

/** What the program found when it opened is the verdict on the kill before. One killed while opening has none. */
async function killUsing({ tier, dataDir, log, cycle, work, random, withServer }) {
  const words = [work, '--tier', tier, '--data-dir', dataDir, '--log', log, '--name', `${work}${cycle}`]
  const running = start('memoryProgram.mjs', options.fault === 'none' ? words : [...words, '--early'])
  if (random.chance(0.75)) await running.hears((said) => said.acknowledged)
  await sleep(random.below(800))
  await running.kill()
  if (withServer) await killServer(dataDir)
  const acknowledged = running.said.some((said) => said.acknowledged)
  return { moment: acknowledged ? work : 'opening', seen: running.said.find((said) => said.opened) }
}

/** A directory of an older version, killed on its way up; one cycle, one directory. */
async function killMigrating({ tier, root, cycle, random, withServer }) {
  const dataDir = path.join(root, `older-${cycle}`)
  const count = random.below(migrations)
  await makeOlder(tier, dataDir, count, root)
  const running = start('memoryProgram.mjs', ['migrate', '--tier', tier, '--data-dir', dataDir])
  const after = random.below(migrations - count)
  await running.hears(() => running.said.length > after)
  await sleep(random.below(40))
  await running.kill()
  if (withServer) await killServer(dataDir)
  const isMidway = running.said.length <= migrations - count
  const seen = await lookAt(tier, dataDir, [])
  await killServer(dataDir)
  fs.rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 })
  return { moment: isMidway ? 'migrate' : 'opening', seen }
}

async function lookAt(tier, directory, acknowledged) {
  const looking = start('memoryProgram.mjs', ['look', '--tier', tier])
  looking.tell({ directory, acknowledged })
  const seen = await looking.hears(() => true)
  await looking.end()
  if (seen.refused) throw new Error(`The ${tier} memory did not open again: ${seen.refused}`)
  return seen
}

function told({ present, lost, twice, torn, problems }) {
  const wrong = [lost, twice, torn, problems].flat()
  return `before it ${present} batches were there, ${wrong.length === 0 ? 'all well' : wrong.join(', ')}`
}

function note(found, seen) {
  if (!seen) return
  for (const key of seen.lost) found.lost.add(key)
  for (const key of seen.twice) found.twice.add(key)
  for (const key of seen.torn) found.torn.add(key)
  found.problems.push(...seen.problems)
  found.reopenMs.push(seen.openMs)
}

/** All three within three cycles, in an order of the seed's. */
function shuffled(random) {
  const left = ['write', 'import', 'migrate']
  return Array.from(left, () => left.splice(random.below(left.length), 1)[0])
}

/** On the embedded tier there is none. */
async function killServer(dataDir) {
  const file = path.join(dataDir, 'cluster', 'postmaster.pid')
  const pid = fs.existsSync(file) ? Number(fs.readFileSync(file, 'utf8').split('\n')[0]) : 0
  if (pid <= 0) return
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Gone already.
  }
}

function say(line) {
  if (!options.json) process.stdout.write(`${line}\n`)
}
