/**
 * Can anybody see, change or learn of what is not theirs?
 *
 * On a native server of our own: probes made from the registry on every surface with every credential, whose answers and
 * effects are judged; what each credential may do, compared with a model; statements of the role that serves on every
 * table and function; an attack list; and, as the negative control, all of the latter with each policy and trigger taken
 * away in turn. Exits with 1 when something leaked, was denied wrongly, or went unnoticed.
 */
import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { commandWords } from 'caliber-bench/commandWords'
import { report } from 'caliber-bench/report'
import { seeded } from '../e2e/seeded.ts'
import { attack } from './attacks.ts'
import { Breach } from './breach.ts'
import { takeCensus } from './census.ts'
import { liveOf } from './credentials.ts'
import { readFacts } from './facts.ts'
import { guardAttempts } from './guards.ts'
import { mutantsOf, tryMutant } from './mutants.ts'
import { probe } from './probes.ts'
import { startCluster } from './product.ts'
import { measureInfluence } from './scores.ts'
import { attemptsOn, surveyTown } from './siege.ts'
import {
  breakGround,
  copyGround,
  dropGround,
  type Ground,
  openSite,
  type PostgresServer,
  type Site,
  superuserOf,
} from './site.ts'
import { Tally } from './tally.ts'
import { timeExistence } from './timing.ts'
import { makeWorld, type World } from './world.ts'

const options = commandWords(
  `usage: npm run test:isolation -- [--probes 50000] [--seed 1] [--samples 2000] [--json]

--samples   calls of each kind whose times are compared`,
  { counts: { probes: 50_000, seed: 1, samples: 2_000 }, flags: ['json'] },
)
/** Probes in one world: what they write makes looking for changes slower. */
const probesPerWorld = 5_000

const startedMs = performance.now()
const complaints: string[] = []
const figures: Record<string, number> = {}
await withServer(async (server) => {
  const ground = await breakGround(server)
  const world = await openSite(ground).then(closing(makeWorld))
  await inCopy(ground, (site) => besieged(site, world))
  await inCopy(ground, (site) => examined(site, world))
  await probed(ground, world)
})
for (const complaint of complaints) process.stderr.write(`${complaint}\n`)
figures['faults'] = complaints.length
figures['minutes'] = (performance.now() - startedMs) / 60_000
report('isolation', figures, options)
process.exitCode = complaints.length === 0 ? 0 : 1

/** Statements on every table and function, as they are and with each wall taken away. */
async function besieged(site: Site, world: World): Promise<void> {
  const superuser = superuserOf(site.ground)
  try {
    const breach = new Breach(superuser, site.ground.key)
    const town = await surveyTown(breach, world, await readFacts(site.admin))
    const attempts = [...town.tables.flatMap((table) => attemptsOn(town, table)), ...guardAttempts(town)]
    await breach.with('', async () => {
      for await (const fault of breach.faults(attempts)) complaints.push(fault)
    })
    figures['statements'] = attempts.length
    progress(`${attempts.length} statements tried`)
    if (complaints.length > 0) return

    const verdicts = []
    for (const mutant of await mutantsOf(breach)) {
      const verdict = await tryMutant(breach, town, mutant)
      verdicts.push(verdict)
      if (verdict.complaint !== undefined) complaints.push(verdict.complaint)
    }
    progress(`${verdicts.length} walls taken away in turn`)
    const noticed = verdicts.filter((verdict) => verdict.noticed !== undefined).length
    figures['walls.taken'] = verdicts.length
    figures['walls.noticed'] = noticed
    figures['walls.redundant'] = verdicts.length - noticed
    figures['walls.noticedShare'] = noticed / verdicts.length
  } finally {
    await superuser.end()
  }
}

async function examined(site: Site, world: World): Promise<void> {
  for (const { name, gained, known } of await attack(site, world)) {
    figures['attacks'] = (figures['attacks'] ?? 0) + 1
    if (gained === undefined) continue
    if (known === undefined) complaints.push(`an attack gained something: ${name}: ${gained}`)
    else figures['attacks.known'] = (figures['attacks.known'] ?? 0) + 1
    progress(`known: ${name}: ${known}`, true)
  }
  const census = await takeCensus(site, world.tenants.slice(0, 2).flatMap(liveOf))
  complaints.push(...census.faults)
  figures['decisions'] = census.decisions
  progress(`${census.decisions} decisions compared`)
  const influence = await measureInfluence(site, world)
  figures['scores.ofTenants'] = influence.ofTenants
  figures['scores.ofRegions'] = influence.ofRegions
  if (influence.ofTenants > 0) complaints.push('documents of other tenants change scores')
  if (influence.ofRegions > 0) complaints.push('documents of closed regions change scores')
  for (const [name, { t, d }] of Object.entries(
    await timeExistence(site, world, options.samples, seeded(options.seed)),
  )) {
    figures[`timing.${name}.t`] = t
    figures[`timing.${name}.d`] = d
  }
}

async function probed(ground: Ground, world: World): Promise<void> {
  const wanted = options.probes
  const tally = new Tally()
  let told = 0
  for (let round = 0; tally.probes < wanted && !tally.isFull; round += 1) {
    const probes = Math.min(probesPerWorld, wanted - tally.probes)
    await inCopy(ground, (site) => probe({ site, world, seed: options.seed + round, probes }, tally))
    progress(`${tally.probes} probes, ${tally.complaints.length} faults`)
    // As they are found: a long run is watched.
    for (const { where, what } of tally.complaints.slice(told)) process.stderr.write(`${where}: ${what}\n`)
    told = tally.complaints.length
  }
  figures['probes'] = tally.probes
  figures['probes.twins'] = tally.twins
  figures['probes.cells'] = tally.byCell.size
  figures['probes.credentials'] = tally.byCredential.size
  for (const [code, count] of tally.byCode) figures[`answers.${code}`] = count
  complaints.push(...tally.complaints.map(({ where, what }) => `${where}: ${what}`))
  complaints.push(...tally.unmet.map((cell) => `no probe met ${cell}`))
}

async function inCopy(ground: Ground, work: (site: Site) => Promise<void>): Promise<void> {
  const copy = await copyGround(ground)
  await openSite(copy).then(closing(work))
  await dropGround(copy)
}

function closing<T>(work: (site: Site) => Promise<T>): (site: Site) => Promise<T> {
  return (site) => work(site).finally(() => site.close())
}

async function withServer(work: (server: PostgresServer) => Promise<void>): Promise<void> {
  const directory = await fs.mkdtemp(path.join(os.tmpdir(), 'caliber-isolation-'))
  // mkdtemp closes the directory to the account that a server runs under when we are root.
  await fs.chmod(directory, 0o711)
  const cluster = await startCluster({ dataDir: path.join(directory, 'data') })
  try {
    await work({ adminUrl: cluster.adminUrl, loginUrl: cluster.appUrl('postgres') })
  } finally {
    await cluster.stop()
    await fs.rm(directory, { recursive: true, force: true })
  }
}

/** On standard error, so that the report stands alone; on one line where somebody watches. */
function progress(text: string, isLasting = false): void {
  const end = isLasting || !process.stderr.isTTY ? '\n' : '\r'
  process.stderr.write(`${text.padEnd(70)}${end}`)
}
