/**
 * `npm run bench -- skeleton`: what the walking skeleton costs, on both databases and at three sizes; see `--help`.
 *
 * This process measures nothing of the memory itself: it starts one process per job and puts their figures together.
 */
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { showProgress } from './job/progress.ts'
import { type BenchRun, runBench } from './job/runBench.ts'
import { type JobSetting, runJob } from './job/runJob.ts'
import type { Figures } from './report.ts'
import type { Answers, Job } from './skeleton/jobs.ts'
import { measureServer } from './skeleton/measureServer.ts'
import { type Options, readOptions, usage } from './skeleton/options.ts'
import type { Tier } from './tier.ts'
import { median } from './timing.ts'

/** Directories started for each of the start figures. */
const starts = 5
/** Turns that the command line and HTTP are asked about, or the nearest smaller size. */
const serverTurns = 10_000

type Run = BenchRun<Options>

async function measureAll(run: Run): Promise<Figures> {
  const { options, root, signal } = run
  const figures: Record<string, number> = { seed: options.seed }
  const served = options.sizes.findLast((size) => size <= serverTurns) ?? options.sizes[0]
  for (const tier of options.tiers) {
    for (const turns of options.sizes) {
      const dataDir = path.join(root, `${tier}-${turns}`)
      const { questions, ...measured } = await measureSize(run, tier, turns, dataDir)
      for (const [name, value] of Object.entries(measured.figures)) figures[`${tier}.${turns}.${name}`] = value
      if (tier === options.tiers[0] && turns === served) {
        Object.assign(figures, await measureServer(dataDir, questions, signal, settingOf(run, 'server').progress))
      }
      await rm(dataDir, { recursive: true, force: true })
    }
    Object.assign(figures, await measureStarts(run, tier))
  }
  return { ...figures, ...growth(figures, options.tiers) }
}

async function measureSize(run: Run, tier: Tier, turns: number, dataDir: string) {
  const { rounds, seed } = run.options
  const setting = settingOf(run, `${tier}, ${turns} turns`)
  const { itemsPerSecond, scopeIds, questions } = await answerTo(
    { kind: 'import', tier, dataDir, turns, seed },
    { ...setting, profileDir: undefined },
  )
  const measured = await answerTo({ kind: 'measure', tier, dataDir, rounds, seed, scopeIds, questions }, setting)
  return { questions, figures: { importItemsPerSecond: itemsPerSecond, ...measured } }
}

/** Each sample starts a new directory in a process of its own, and that directory again in another. */
async function measureStarts(run: Run, tier: Tier): Promise<Figures> {
  const setting = { ...settingOf(run, `${tier}, start`), profileDir: undefined }
  const times = { New: [] as number[], Existing: [] as number[] }
  for (let i = 0; i < starts; i += 1) {
    const dataDir = path.join(run.root, `${tier}-start-${i}`)
    for (const state of ['New', 'Existing'] as const) {
      setting.progress(`${state.toLowerCase()} directory ${i + 1} of ${starts}`)
      times[state].push((await answerTo({ kind: 'start', tier, dataDir }, setting)).openedMs)
    }
    await rm(dataDir, { recursive: true, force: true })
  }
  return { [`start.${tier}NewMs`]: median(times.New), [`start.${tier}ExistingMs`]: median(times.Existing) }
}

/** How many times more a call costs at ten times the size. */
function growth(figures: Figures, tiers: readonly Tier[]): Figures {
  const ratios: Record<string, number> = {}
  for (const call of ['search', 'assemble', 'write']) {
    const p50Ms = (tier: Tier, turns: number) => figures[`${tier}.${turns}.${call}P50Ms`] ?? Number.NaN
    const largest = Math.max(...tiers.map((tier) => p50Ms(tier, 100_000) / p50Ms(tier, 10_000)))
    if (!Number.isNaN(largest)) ratios[`growth.${call}.10kTo100k`] = largest
  }
  return ratios
}

const program = new URL('./skeletonProcess.js', import.meta.url)

function answerTo<J extends Job>(job: J, setting: JobSetting): Promise<Answers[J['kind']]> {
  return runJob(program, job, setting)
}

function settingOf({ options: { profileDir }, signal }: Run, name: string): JobSetting {
  return { signal, profileDir, progress: (text) => showProgress(`${name}: ${text}`) }
}

await runBench({ name: 'skeleton', usage, readOptions, measure: measureAll })
