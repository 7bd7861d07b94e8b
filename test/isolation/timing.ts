/**
 * Whether the time of an answer tells what is hidden from what is not there: Welch's t and Cohen's d over interleaved
 * samples. Reported and never asserted: on a busy machine it measures the machine.
 */
import { randomUUID } from 'node:crypto'
import type { Random } from '../e2e/seeded.ts'
import type { Site } from './site.ts'
import type { World } from './world.ts'

export interface Timing {
  readonly t: number
  /** Difference of the means in standard deviations: below 0.2 is called small (Cohen 1988). */
  readonly d: number
}

export async function timeExistence(
  { runtime, admin }: Site,
  { tenants }: World,
  samples: number,
  random: Random,
): Promise<Readonly<Record<string, Timing>>> {
  const [own, foreign] = tenants
  if (!own || !foreign) throw new Error('A world has several tenants.')
  const principal = own.people.stranger
  const idIn = async (regionId: string) =>
    String((await admin`select id from caliber.note where region_id = ${regionId} limit 1`)[0]?.['id'])
  const took = async (noteId: string) => {
    const startedMs = performance.now()
    await runtime.dispatch({ operation: 'note.get', input: { noteId }, principal }).catch(() => undefined)
    return performance.now() - startedMs
  }
  const compare = async (id: string): Promise<Timing> => {
    const [hidden, absent]: [number[], number[]] = [[], []]
    for (let i = 0; i < samples; i += 1) {
      // Side by side, so that both meet the same moments of the machine; by lot, because connections take turns: in a fixed
      // order each kind would always meet the same ones.
      const hiddenFirst = random.below(2) === 0
      if (hiddenFirst) hidden.push(await took(id))
      absent.push(await took(randomUUID()))
      if (!hiddenFirst) hidden.push(await took(id))
    }
    return effect(trimmed(hidden), trimmed(absent))
  }
  return {
    anotherTenant: await compare(await idIn(foreign.regions.open)),
    hiddenRegion: await compare(await idIn(own.regions.hidden)),
  }
}

/** The slowest twentieth is the machine's. */
function trimmed(samplesMs: readonly number[]): readonly number[] {
  return samplesMs.toSorted((a, b) => a - b).slice(0, Math.ceil(samplesMs.length * 0.95))
}

function effect(a: readonly number[], b: readonly number[]): Timing {
  const [meanA, meanB, varA, varB] = [mean(a), mean(b), variance(a), variance(b)]
  return {
    t: (meanA - meanB) / Math.sqrt(varA / a.length + varB / b.length),
    d: (meanA - meanB) / Math.sqrt((varA + varB) / 2),
  }
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

function variance(values: readonly number[]): number {
  const middle = mean(values)
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1)
}
