/**
 * `npm run bench -- memory`: how the memory of one tenant grows from a thousand to a million items, and what other
 * memories take for the same; see `--help`.
 */
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { showProgress } from './job/progress.ts'
import { type BenchRun, runBench } from './job/runBench.ts'
import { type JobSetting, runJob } from './job/runJob.ts'
import { comparePeers } from './memory/comparePeers.ts'
import type { SizeAnswers, SizeJob } from './memory/jobs.ts'
import { type Options, readOptions, sizeName, usage } from './memory/options.ts'
import type { Figures } from './report.ts'
import type { Imported, ImportJob } from './skeleton/jobs.ts'
import type { Tier } from './tier.ts'
import { median } from './timing.ts'

type Run = BenchRun<Options>

/** Processes that open a size for the first time. */
const coldStarts = 3
/** A million items were imported in 22 minutes while other jobs took most of both cores. */
const longestMs = 90 * 60_000
/** The embedded tier is for one person's memory. */
const mostEmbedded = 10_000

const importing = new URL('./skeletonProcess.js', import.meta.url)
const measuring = new URL('./memoryProcess.js', import.meta.url)

await runBench({ name: 'memory', usage, readOptions, measure: measureAll })

async function measureAll(run: Run): Promise<Figures> {
  const { sizes, seed, peers } = run.options
  const figures: Record<string, number> = { seed }
  for (const items of sizes) {
    for (const tier of tiersOf(items)) {
      const prefix = tier === 'native' ? '' : `${tier}.`
      for (const [name, value] of Object.entries(await measureSize(run, tier, items))) {
        figures[`${prefix}${sizeName(items)}.${name}`] = value
      }
    }
  }
  return { ...figures, ...growth(figures), ...(peers && (await comparePeers(run))) }
}

function tiersOf(items: number): readonly Tier[] {
  return items <= mostEmbedded ? ['native', 'embedded'] : ['native']
}

async function measureSize(run: Run, tier: Tier, items: number): Promise<Figures> {
  const { rounds, seed } = run.options
  const dataDir = path.join(run.root, `${tier}-${items}`)
  const setting = settingOf(run, `${tier}, ${sizeName(items)}`)
  const unprofiled = { ...setting, profileDir: undefined }
  const filling: ImportJob = { kind: 'import', tier, dataDir, turns: items, seed }
  const { itemsPerSecond, scopeIds, questions } = await runJob<Imported>(importing, filling, unprofiled)

  const cold: number[] = []
  for (const scopeId of scopeIds.slice(0, coldStarts)) {
    setting.progress(`cold start ${cold.length + 1} of ${coldStarts}`)
    const question = questions[cold.length] ?? ''
    cold.push((await answerTo({ kind: 'cold', tier, dataDir, scopeId, question }, unprofiled)).coldMs)
  }
  const warm = await answerTo({ kind: 'warm', tier, dataDir, items, rounds, scopeIds, questions }, setting)
  await rm(dataDir, { recursive: true, force: true })
  return { importItemsPerSecond: itemsPerSecond, coldMs: median(cold), ...warm }
}

/** How many times more a call costs at a hundred times the size. */
function growth(figures: Figures): Figures {
  const ratios: Record<string, number> = {}
  for (const call of ['search', 'assemble']) {
    const ratio = (figures[`1M.${call}P50Ms`] ?? Number.NaN) / (figures[`10k.${call}P50Ms`] ?? Number.NaN)
    if (!Number.isNaN(ratio)) ratios[`growth.${call}.10kTo1M`] = ratio
  }
  return ratios
}

function answerTo<J extends SizeJob>(job: J, setting: JobSetting): Promise<SizeAnswers[J['kind']]> {
  return runJob(measuring, job, setting)
}

function settingOf({ options: { profileDir }, signal }: Run, name: string): JobSetting {
  return { signal, profileDir, longestMs, progress: (text) => showProgress(`${name}: ${text}`) }
}
