/** `npm run bench -- walls`: what each wall costs, against the same operation without it; see `--help`. */
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { showProgress } from './job/progress.ts'
import { type BenchRun, runBench } from './job/runBench.ts'
import { runJob } from './job/runJob.ts'
import { openRandom } from './random.ts'
import type { Figures } from './report.ts'
import type { Tier } from './tier.ts'
import { median } from './timing.ts'
import type { Timed, WallsJob } from './walls/jobs.ts'
import { type Options, readOptions, usage } from './walls/options.ts'
import { walls } from './walls/walls.ts'

interface Variant extends Pick<WallsJob, 'standing' | 'region'> {
  readonly name: string
  /** The figures of its ratios; no figure where the wall does not touch the kind of call. */
  readonly writeRatio?: string
  readonly readRatio?: string
}

const none: Variant = { name: 'none', standing: [], region: 'free' }
const variants: readonly Variant[] = [
  none,
  { name: 'claims', standing: ['claims'], region: 'free', writeRatio: 'ratio', readRatio: 'readRatio' },
  { name: 'regions', standing: ['regions'], region: 'free', writeRatio: 'ratio', readRatio: 'readRatio' },
  { name: 'fence', standing: ['fence'], region: 'locked', writeRatio: 'ratio' },
  { name: 'audit', standing: ['audit'], region: 'free', writeRatio: 'ratio' },
  { name: 'all', standing: walls, region: 'locked', writeRatio: 'writeRatio', readRatio: 'readRatio' },
  { name: 'free', standing: walls, region: 'free', writeRatio: 'writeRatio' },
]

/** What each variant took in one round, by its name. */
type Round = ReadonlyMap<string, Timed>

await runBench({ name: 'walls', usage, readOptions, measure: measureWalls })

async function measureWalls(run: BenchRun<Options>): Promise<Figures> {
  const { tiers, rounds, seed } = run.options
  const random = openRandom(seed)
  const figures: Record<string, number> = { seed, rounds }
  for (const tier of tiers) {
    const measured: Round[] = []
    for (let round = 1; round <= rounds; round += 1) {
      const order = variants.map((variant) => ({ variant, place: random.next() })).sort((a, b) => a.place - b.place)
      const times = new Map<string, Timed>()
      for (const { variant } of order) {
        times.set(variant.name, await measureVariant(run, tier, variant, `${tier}, round ${round} of ${rounds}`))
      }
      measured.push(times)
    }
    for (const variant of variants) {
      for (const [name, value] of Object.entries(figuresOf(variant, measured))) {
        figures[`${tier}.${variant.name}.${name}`] = value
      }
    }
  }
  return figures
}

async function measureVariant(
  { root, signal }: BenchRun<Options>,
  tier: Tier,
  { name, standing, region }: Variant,
  stage: string,
): Promise<Timed> {
  const dataDir = path.join(root, `${tier}-${name}`)
  const job: WallsJob = { tier, dataDir, standing, region }
  const progress = (text: string) => showProgress(`${stage}: ${name}, ${text}`)
  progress('opening')
  try {
    return await runJob<Timed>(new URL('./wallsProcess.js', import.meta.url), job, {
      signal,
      profileDir: undefined,
      progress,
    })
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

function figuresOf({ name, writeRatio, readRatio }: Variant, rounds: readonly Round[]): Figures {
  const over = (figure: (timed: Timed, without: Timed) => number) =>
    median(
      rounds.flatMap((round) => {
        const [timed, without] = [round.get(name), round.get(none.name)]
        return timed && without ? [figure(timed, without)] : []
      }),
    )
  return {
    ...(writeRatio && { [writeRatio]: over((timed, without) => timed.write / without.write) }),
    ...(readRatio && {
      [readRatio]: Math.max(
        over((timed, without) => timed.get / without.get),
        over((timed, without) => timed.list / without.list),
      ),
    }),
    writeP50Ms: over((timed) => timed.write),
    getP50Ms: over((timed) => timed.get),
    listP50Ms: over((timed) => timed.list),
  }
}
