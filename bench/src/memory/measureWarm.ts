/** Time the calls of an agent's turn on a memory that is there, and weigh it. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Caliber } from 'caliber'
import type { Figures } from '../report.ts'
import { overRounds, sampled, timedMs } from '../timing.ts'
import type { WarmJob } from './jobs.ts'

/** Samples per round. */
const samples = { search: 100, assemble: 100, appendVisible: 50 } as const
const warmUpCalls = 100
/** Scopes at work: what a process serves at a time. */
const warmScopes = 5
export const budgetTokens = 4_096

/** Figures by name, without the size. */
export async function measureWarm(
  caliber: Caliber,
  { items, rounds, scopeIds, questions }: WarmJob,
  progress: (text: string) => void,
): Promise<Figures> {
  let asked = 0
  const question = (): string => questions[asked++ % questions.length] ?? ''
  const search = () => timedMs(() => caliber.memory.search({ query: question(), limit: 10 }))
  let turn = 0
  const assemble = () => {
    const scopeId = scopeIds[turn++ % warmScopes] ?? ''
    return timedMs(() => caliber.context.assemble({ scopeId, query: question(), budgetTokens }))
  }

  progress('building the memory')
  const bytesBefore = heldBytes()
  await search()
  const bytesPerItem = (heldBytes() - bytesBefore) / items
  const appendVisible = await openAppending(caliber)

  for (const call of [search, assemble]) await sampled(warmUpCalls, call)
  const times: Record<keyof typeof samples, (readonly number[])[]> = { search: [], assemble: [], appendVisible: [] }
  for (let round = 1; round <= rounds; round += 1) {
    progress(`round ${round} of ${rounds}`)
    times.search.push(await sampled(samples.search, search))
    times.assemble.push(await sampled(samples.assemble, assemble))
    times.appendVisible.push(await sampled(samples.appendVisible, appendVisible))
  }
  return {
    searchP50Ms: overRounds(times.search, 0.5),
    assembleP50Ms: overRounds(times.assemble, 0.5),
    appendVisibleMs: overRounds(times.appendVisible, 0.5),
    bytesPerItem,
  }
}

/** @returns a call that appends a turn, searches for the word that only it has, and says how long it took */
async function openAppending(caliber: Caliber): Promise<() => Promise<number>> {
  const { trajectoryId } = await caliber.trajectory.start({ name: 'Writes of the benchmark' })
  const { scopeId } = await caliber.scope.open({ trajectoryId, name: 'Writes' })
  let appended = 0
  return () => {
    const word = `visible${appended++}`
    return timedMs(async () => {
      const content = `The word of this turn is ${word}, and nothing else was said.`
      const { turns } = await caliber.turn.append({ scopeId, turns: [{ role: 'user', content }] })
      const { items } = await caliber.memory.search({ query: word, limit: 1 })
      if (items[0]?.id !== turns[0]?.turnId) throw new Error(`A turn with ${word} was appended and not found.`)
    })
  }
}

/** Octets of this thread's heap and of the buffers it holds, after a full collection. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
