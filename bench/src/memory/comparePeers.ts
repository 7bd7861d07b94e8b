/** The same turns, vectors and questions for Caliber and for other memories; `options.ts` says how. */
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { showProgress } from '../job/progress.ts'
import type { BenchRun } from '../job/runBench.ts'
import { runJob } from '../job/runJob.ts'
import { openRandom, shuffled } from '../random.ts'
import type { Figures } from '../report.ts'
import { overRounds } from '../timing.ts'
import type { Options } from './options.ts'
import { type System, systems } from './systems.ts'

type Run = BenchRun<Options>

/** What `bench/peers/process.mjs` answers. */
interface Written {
  readonly timesMs: readonly number[]
  /** What the next job of the same store is to be given. */
  readonly kept: unknown
}

interface Searched {
  readonly timesMs: readonly number[]
  /** Of each question, 0..1. */
  readonly recalls: readonly number[]
}

const program = new URL('../../peers/process.mjs', import.meta.url)
const longestMs = 30 * 60_000

/** Figures by system; none, with a word on standard error, where there is no data or the peers cannot be installed. */
export async function comparePeers(run: Run): Promise<Figures> {
  const why = await uninstalled()
  const conversations = why === undefined ? await answerTo<number>(run, { kind: 'count' }) : 0
  if (conversations === 0) {
    console.error(`memory: the peers are left out, ${why ?? 'there is no LoCoMo data in ../shared/data'}`)
    return {}
  }
  const { rounds, seed } = run.options
  const random = openRandom(seed)
  const names = Object.keys(systems)
  const written = new Map<string, Written[]>()
  const writers = names.filter((name, i) => i === names.findIndex((other) => storeOf(other) === storeOf(name)))
  for (let number = 0; number < conversations; number += 1) {
    for (const name of shuffled(writers, random)) {
      const before = written.get(storeOf(name)) ?? []
      const job = { kind: 'write', ...systems[name], number, kept: before.at(-1)?.kept }
      written.set(storeOf(name), [...before, await answerTo<Written>(run, job)])
    }
  }
  const searched = new Map<string, Searched[]>()
  for (let round = 0; round < rounds; round += 1) {
    for (const name of shuffled(names, random)) {
      const kept = written.get(storeOf(name))?.at(-1)?.kept
      const found = await answerTo<Searched>(run, { kind: 'search', ...systems[name], round, rounds, kept })
      searched.set(name, [...(searched.get(name) ?? []), found])
    }
  }
  const figures: Record<string, number> = {}
  for (const name of names) {
    const searches = searched.get(name) ?? []
    const recalls = searches.flatMap((round) => round.recalls)
    figures[`${name}.writeP50Ms`] = medianMs(written.get(storeOf(name)) ?? [])
    figures[`${name}.searchP50Ms`] = medianMs(searches)
    figures[`${name}.r10`] = (100 * recalls.reduce((sum, recall) => sum + recall, 0)) / recalls.length
  }
  return { ...figures, ...lead(figures) }
}

const storeOf = (name: string): string => systems[name]?.store ?? name

function medianMs(rounds: readonly { readonly timesMs: readonly number[] }[]): number {
  return overRounds(
    rounds.map(({ timesMs }) => timesMs),
    0.5,
  )
}

/** The fastest peer's search as a multiple of ours. */
function lead(figures: Figures): Figures {
  const searches = Object.entries(figures).filter(([key]) => /^peer\..*\.searchP50Ms$/.test(key))
  const fastestMs = Math.min(...searches.map(([, ms]) => ms))
  const times = (kind: string) => fastestMs / (figures[`ours.${kind}.searchP50Ms`] ?? Number.NaN)
  return { 'faster.lexical': times('lexical'), 'faster.hybrid': times('hybrid') }
}

async function answerTo<Answer>(
  { root, signal }: Run,
  job: { readonly kind: string } & Partial<System> & Readonly<Record<string, unknown>>,
): Promise<Answer> {
  const { kind, store = 'corpus' } = job
  const dir = path.join(root, `peers-${store}`)
  await mkdir(dir, { recursive: true })
  const progress = (text: string) => showProgress(`${kind}, ${store}: ${text}`)
  return runJob<Answer>(program, { ...job, dir }, { signal, profileDir: undefined, longestMs, progress })
}

/** Install the peers unless they are there. @returns why they could not be, or undefined */
async function uninstalled(): Promise<string | undefined> {
  // A script of the repository, which has no types.
  const { href } = new URL('../../../scripts/legs.mjs', import.meta.url)
  const { install } = (await import(href)) as { install(folder: string): string | undefined }
  return install('bench/peers')
}
