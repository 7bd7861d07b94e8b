/**
 * `npm run bench -- skeleton`: what the walking skeleton costs, on both databases and at three sizes; see `--help`.
 *
 * This process measures nothing of the memory itself: it starts one process per job and puts their figures together.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { type Figures, report } from './report.ts'
import type { Tier } from './skeleton/jobs.ts'
import { measureServer } from './skeleton/measureServer.ts'
import { type Options, readOptions, usage } from './skeleton/options.ts'
import { endProgress, showProgress } from './skeleton/progress.ts'
import { type JobSetting, runJob } from './skeleton/runJob.ts'
import { median } from './skeleton/timing.ts'

/** Directories started for each of the start figures. */
const starts = 5
/** Turns that the command line and HTTP are asked about, or the nearest smaller size. */
const serverTurns = 10_000

interface Run {
  readonly options: Options
  /** Directory of everything the run writes. */
  readonly root: string
  readonly signal: AbortSignal
}

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
  const { itemsPerSecond, scopeIds, questions } = await runJob(
    { kind: 'import', tier, dataDir, turns, seed },
    { ...setting, profileDir: undefined },
  )
  const measured = await runJob({ kind: 'measure', tier, dataDir, rounds, seed, scopeIds, questions }, setting)
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
      times[state].push((await runJob({ kind: 'start', tier, dataDir }, setting)).openedMs)
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

function settingOf({ options: { profileDir }, signal }: Run, name: string): JobSetting {
  return { signal, profileDir, progress: (text) => showProgress(`${name}: ${text}`) }
}

/** Run it all in a temporary directory that is gone afterwards, also when the run is interrupted. */
async function main(options: Options): Promise<void> {
  const interrupt = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => interrupt.abort(new Error(`${name} came.`)))
  const root = await mkdtemp(path.join(os.tmpdir(), 'caliber-bench-'))
  try {
    // The native server of a run as root has another account, which must get through to its own directory.
    await chmod(root, 0o711)
    const figures = await measureAll({ options, root, signal: interrupt.signal })
    endProgress()
    report('skeleton', figures, options)
  } catch (error) {
    endProgress()
    if (!interrupt.signal.aborted) throw error
    process.exitCode = 130
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

const options = optionsOrComplaint(process.argv.slice(2))
if (options === 'help') console.log(usage)
else if (options) await main(options)

function optionsOrComplaint(words: readonly string[]): Options | 'help' | undefined {
  try {
    return readOptions(words)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    console.error(`skeleton: ${error.message}\n\n${usage}`)
    process.exitCode = 2
    return undefined
  }
}
