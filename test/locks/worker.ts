/**
 * A process of agents that share a pool, as the users of a server do; frozen and thawed from outside by signals.
 *
 * Told a round, it lets its agents make so many calls together and sends back what they saw. The times are those of
 * this machine's clock, which the database server reads too.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { seeded } from '../e2e/seeded.ts'
import { agent } from './agent.ts'
import { contender } from './contender.ts'
import type { LockHistory, LockOperation, LockOutput } from './lockHistory.ts'
import { type Contest, type Entrance, enter, type Site } from './site.ts'

export interface Round {
  readonly site: Site
  readonly contest: Contest
  readonly seed: number
  readonly operations: number
  /** Numbers of the agents that live here. */
  readonly agents: readonly number[]
}

export type Reply = { readonly history: LockHistory } | { readonly failure: string }

/** A call's time that leases of 20–60 ms are meant for. */
const meantCallMs = 20
let entrance: Entrance | undefined

process.on('message', (round: Round) => {
  void play(round).then(
    (history) => process.send?.({ history } satisfies Reply),
    (error: unknown) => process.send?.({ failure: String(error) } satisfies Reply),
  )
})
process.on('disconnect', () => process.exit())

async function play({ site, contest, seed, operations, agents }: Round): Promise<LockHistory> {
  entrance ??= await enter(site, agents.length)
  const way = entrance
  const history: LockOperation[] = []
  const locks = Object.keys(contest.tenantIds)
  let left = operations
  let callMs = meantCallMs
  await Promise.all(
    agents.map(async (number) => {
      const ask = contender(way, contest, number)
      const script = agent(`agent ${number}`, locks, seeded(seed + number), () => Math.max(1, callMs / meantCallMs))
      let heard: LockOutput | undefined
      while (left > 0) {
        const { value: step } = script.next(heard)
        heard = undefined
        if (step.kind === 'rest') {
          await sleep(step.restMs)
          continue
        }
        left -= 1
        const calledAt = Date.now()
        heard = await ask(step)
        const returnedAt = Date.now()
        if (step.kind !== 'write') callMs += (returnedAt - calledAt - callMs) / 20
        history.push({ process: number, input: step, output: heard, calledAt, returnedAt })
      }
    }),
  )
  return history
}
