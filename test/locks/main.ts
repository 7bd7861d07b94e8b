/**
 * Do the locks keep their promises when their users do not?
 *
 * Processes of agents contend for a few locks on a native server of our own, with leases of 20–60 ms or, where calls
 * take long, of as many times more: they are frozen at random (SIGSTOP), overstay their leases, write under fences that
 * are stale by then, and keep transactions open. Each round's history is judged: the fences of its writes in the order of their commits, fence by fence, lease by
 * lease, and as a whole by the linearizability checker. `--without-for-share` takes the row lock out of the guard, and
 * must end with violations. `--model` runs the same agents against locks in memory under a virtual clock.
 *
 * Ends with the first round in which a promise was broken or that could not be judged, and exits with 1 then.
 */
import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { commandWords } from 'caliber-bench/commandWords'
import { report } from 'caliber-bench/report'
import { judge } from './judge.ts'
import { startCluster } from './product.ts'
import { rounds } from './server.ts'
import { simulate } from './simulation.ts'
import { makeSite, takeForShareAway } from './site.ts'
import { count, isSound, newTally, type Tally } from './tally.ts'

const options = commandWords(
  `usage: npm run test:locks -- [--ops 10000] [--seed 1] [--without-for-share] [--model] [--json]

--without-for-share   take the row lock out of the guard: must end with violations
--model               the same agents against locks in memory, under a virtual clock
--ops-per-round 20000 bounds what is held in memory and how far a search can go
--url URL             the superuser's, of a database on a server that runs already; otherwise one is started`,
  {
    counts: { ops: 10_000, seed: 1, 'ops-per-round': 20_000 },
    texts: { url: '' },
    flags: ['json', 'without-for-share', 'model'],
  },
)
const { ops: operations, seed, 'ops-per-round': operationsPerRound } = options

const startedMs = performance.now()
const tally = newTally()
if (options.model) rehearse(tally)
else await onServer(tally)
const seconds = (performance.now() - startedMs) / 1_000
for (const complaint of tally.complaints) process.stderr.write(`${complaint}\n`)
report('locks', figuresOf(tally, seconds), options)
process.exitCode = isSound(tally) ? 0 : 1

function rehearse(into: Tally): void {
  for (let done = 0; done < operations; done += operationsPerRound) {
    const world = { seed: seed + into.rounds, agents: 40, locks: 8 }
    const fault = options['without-for-share'] ? 'no row lock' : undefined
    const history = simulate({ ...world, operations: Math.min(operationsPerRound, operations - done), fault })
    count(into, `seed ${world.seed}`, judge(history))
    showProgress(into)
    if (!isSound(into)) break
  }
}

async function onServer(into: Tally): Promise<void> {
  if (options.url === '') return withServer((url) => onDatabase(into, url))
  return onDatabase(into, options.url)
}

async function onDatabase(into: Tally, url: string): Promise<void> {
  const site = await makeSite(url)
  if (options['without-for-share']) await takeForShareAway(site)
  for await (const history of rounds({ site, seed, operations, operationsPerRound })) {
    count(into, `round ${into.rounds + 1}`, judge(history))
    showProgress(into)
    if (!isSound(into)) break
  }
}

async function withServer(work: (url: string) => Promise<void>): Promise<void> {
  const dataDir = await fs.mkdtemp(path.join(os.tmpdir(), 'caliber-locks-'))
  // mkdtemp closes the directory to the account that a server runs under when we are root.
  await fs.chmod(dataDir, 0o711)
  const cluster = await startCluster({ dataDir })
  try {
    await work(cluster.adminUrl)
  } finally {
    await cluster.stop()
    await fs.rm(dataDir, { recursive: true, force: true })
  }
}

function showProgress({ operations: done, rounds: number }: Tally): void {
  if (!options.json) process.stdout.write(`round ${number}: ${done} of ${operations} calls\n`)
}

function figuresOf(of: Tally, took: number): Record<string, number> {
  const { violations, verdicts, answers, steps } = of
  return {
    seed,
    operations: of.operations,
    rounds: of.rounds,
    violations: Object.values(violations).reduce((sum, times) => sum + times, 0),
    ...prefixed('violations', violations),
    'rounds.linearizable': verdicts.ok,
    'rounds.notLinearizable': verdicts.illegal,
    'rounds.unknown': verdicts.unknown,
    ...prefixed('answers', answers),
    'leases.askedMsMean': Math.round(of.askedMs / ((answers['acquire granted'] ?? 0) + (answers['acquire held'] ?? 0))),
    'checker.steps': steps,
    seconds: Math.round(took),
  }
}

function prefixed(prefix: string, counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(counts)
      .sort()
      .map(([name, times]) => [
        `${prefix}.${name.replaceAll(/ (\w)/g, (_, letter: string) => letter.toUpperCase())}`,
        times,
      ]),
  )
}
