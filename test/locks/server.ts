/** Rounds against a real server: processes of agents that are frozen at random, in transactions or out of them. */
import { type ChildProcess, fork } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Random, seeded } from '../e2e/seeded.ts'
import type { LockHistory } from './lockHistory.ts'
import { enter, makeContest, type Site } from './site.ts'
import type { Reply, Round } from './worker.ts'

export interface Crowd {
  readonly site: Site
  readonly seed: number
  readonly operations: number
  readonly operationsPerRound: number
}

const processes = 4
const agentsPerProcess = 6
const locks = 8
const program = fileURLToPath(new URL('./worker.js', import.meta.url))

/** Play rounds, each with locks of its own, until so many calls were made. */
export async function* rounds({ site, seed, operations, operationsPerRound }: Crowd): AsyncGenerator<LockHistory> {
  const workers = Array.from({ length: processes }, () => fork(program, { serialization: 'advanced' }))
  const entrance = await enter(site, 2)
  try {
    for (let done = 0, number = 1; done < operations; number += 1) {
      const contest = await makeContest(entrance, processes * agentsPerProcess, locks)
      const wanted = Math.min(operationsPerRound, operations - done)
      const playing = new AbortController()
      const frozen = freezeSome(workers, seeded(seed + number), playing.signal)
      const histories = await Promise.all(
        workers.map((worker, i) =>
          play(worker, {
            site,
            contest,
            seed: seed + number * 1_000,
            operations: Math.ceil(wanted / processes),
            agents: Array.from({ length: agentsPerProcess }, (_, j) => i * agentsPerProcess + j),
          }),
        ),
      ).finally(() => playing.abort())
      await frozen
      const history = histories.flat()
      done += history.length
      yield history
    }
  } finally {
    for (const worker of workers) worker.kill('SIGKILL')
    await entrance.close()
  }
}

function play(worker: ChildProcess, round: Round): Promise<LockHistory> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error('A process of agents ended in the middle of a round.'))
    worker.once('exit', ended)
    worker.once('message', (reply: Reply) => {
      worker.off('exit', ended)
      if ('history' in reply) resolve(reply.history)
      else reject(new Error(`An agent was neither answered nor refused: ${reply.failure}`))
    })
    worker.send(round)
  })
}

/**
 * Stop a process where it stands, and let it go on a little later: after a lease of 20–60 ms, as often as not. Where
 * agents slowed down, leases outlast these stops and mostly end while a transaction is open or an agent rests.
 */
async function freezeSome(workers: readonly ChildProcess[], random: Random, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(20 + random.below(100))
    const worker = random.pick(workers)
    worker.kill('SIGSTOP')
    await sleep(10 + random.below(110))
    worker.kill('SIGCONT')
  }
}
