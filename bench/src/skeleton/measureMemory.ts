/**
 * Time the calls of an agent's turn on a memory that has just been opened.
 *
 * Every question is asked once: a cache of answers would show nothing. Each round times searches, assemblies, writes,
 * and assemblies that follow a write, after calls of each kind that do not count.
 */
import type { Caliber } from 'caliber'
import type { Figures } from '../report.ts'
import { median, overRounds, sampled, timedMs } from '../timing.ts'
import { dialogues } from './dialogue.ts'
import type { MeasureJob } from './jobs.ts'
import { openVocabulary } from './vocabulary.ts'

/** Samples per round. */
const samples = { search: 100, assemble: 100, write: 50, assembleAfterWrite: 20 } as const
/** Calls before the first round, and before each kind in each round. */
const warmUp = { first: 100, round: 10 } as const
/** Scopes asked for the first time. */
const coldScopes = 20
/** Scopes at work: what a process serves at a time. */
const warmScopes = 5
const budgetTokens = 4_096

/** Figures by name, without tier and size. */
export async function measureMemory(
  caliber: Caliber,
  { rounds, seed, scopeIds, questions }: MeasureJob,
  progress: (text: string) => void,
): Promise<Figures> {
  let asked = 0
  const question = (): string => questions[asked++ % questions.length] ?? ''
  const search = () => timedMs(() => caliber.memory.search({ query: question(), limit: 10 }))
  const assembleIn = (scopeId: string) =>
    timedMs(() => caliber.context.assemble({ scopeId, query: question(), budgetTokens }))
  const writing = await openWriting(caliber, seed)

  progress('loading')
  const loadMs = await search()
  await sampled(warmUp.first, search)
  progress('assembling the first time')
  const assembleFirstMs = await assembleIn(scopeIds[0] ?? '')
  const cold: number[] = []
  for (const scopeId of scopeIds.slice(1, coldScopes + 1)) cold.push(await assembleIn(scopeId))

  let turn = 0
  const assemble = () => assembleIn(scopeIds[turn++ % warmScopes] ?? '')
  await sampled(warmUp.first, assemble)
  const times: Record<keyof typeof samples, (readonly number[])[]> = {
    search: [],
    assemble: [],
    write: [],
    assembleAfterWrite: [],
  }
  for (let round = 1; round <= rounds; round += 1) {
    progress(`round ${round} of ${rounds}`)
    times.search.push(await warmSampled(samples.search, search))
    times.assemble.push(await warmSampled(samples.assemble, assemble))
    times.write.push(await warmSampled(samples.write, () => timedMs(writing.write)))
    const afterWrite = async () => {
      await writing.write()
      return assembleIn(writing.scopeId)
    }
    times.assembleAfterWrite.push(await warmSampled(samples.assembleAfterWrite, afterWrite))
  }
  return {
    loadMs,
    searchP50Ms: overRounds(times.search, 0.5),
    searchP95Ms: overRounds(times.search, 0.95),
    assembleFirstMs,
    assembleColdP50Ms: median(cold),
    assembleP50Ms: overRounds(times.assemble, 0.5),
    assembleP95Ms: overRounds(times.assemble, 0.95),
    assembleAfterWriteP50Ms: overRounds(times.assembleAfterWrite, 0.5),
    writeP50Ms: overRounds(times.write, 0.5),
    rssMiB: process.memoryUsage().rss / 2 ** 20,
  }
}

interface Writing {
  readonly scopeId: string
  /** Append one turn; it is durable when this answers. */
  write(): Promise<unknown>
}

async function openWriting(caliber: Caliber, seed: number): Promise<Writing> {
  const { trajectoryId } = await caliber.trajectory.start({ name: 'Writes of the benchmark' })
  const { scopeId } = await caliber.scope.open({ trajectoryId, name: 'Writes' })
  const source = dialogues(openVocabulary(seed), seed + 3)
  let turns = [...source.next().value.turns]
  return {
    scopeId,
    async write() {
      const next = turns.shift()
      if (next === undefined) turns = [...source.next().value.turns]
      const { role = 'user', content = 'Go on.' } = next ?? {}
      return caliber.turn.append({ scopeId, turns: [{ role, content }] })
    },
  }
}

async function warmSampled(count: number, call: () => Promise<number>): Promise<readonly number[]> {
  await sampled(warmUp.round, call)
  return sampled(count, call)
}
