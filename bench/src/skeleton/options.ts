import { parseArgs } from 'node:util'
import { allTiers, readTiers, type Tier } from '../tier.ts'
import { wholeNumber } from '../wholeNumber.ts'

export interface Options {
  readonly json: boolean
  readonly tiers: readonly Tier[]
  /** Turns of the tenant, ascending. */
  readonly sizes: readonly number[]
  readonly rounds: number
  readonly seed: number
  /** Directory for CPU profiles of the measuring processes. */
  readonly profileDir: string | undefined
}

const largestSize = 1_000_000
const mostRounds = 20

export const usage = `usage: npm run bench -- skeleton [--json] [--sizes 1000,10000,100000] [--tiers embedded,native] [--rounds 3] [--seed 7]
                                     [--profile DIR]

Measures what Caliber's calls cost on one tenant's memory of made-up dialogue (sessions of 50 turns, 30 words a turn,
words by Zipf's law), through the library \`caliber\` as a program uses it. Each tier and size runs in processes of its own:
one imports and ends, the next opens what is there and is measured. A time is the median over the rounds of each
round's quantile; with 3 rounds, 300 searches, 300 assemblies, 150 writes and 60 assemblies after a write.

<tier>.<turns>.   importItemsPerSecond     transcript.import, a thousand turns a call, on a memory nobody has searched
                  loadMs                   first search of a process: the memory is built from the log
                  searchP50Ms, P95Ms       memory.search, limit 10, after 100 calls; no question comes twice
                  assembleFirstMs          first context.assemble of a process: the tokenizer loads
                  assembleColdP50Ms        context.assemble in a scope of 50 turns that was not asked for before
                  assembleP50Ms, P95Ms     context.assemble, 4,096 tokens, a new question in one of 5 scopes, after 100 calls
                  assembleAfterWriteP50Ms  the same in a scope that a turn was just appended to
                  writeP50Ms               turn.append of one turn, durable when it answers
                  rssMiB                   resident memory of the measured process at its end; of the native tier
                                           without the Postgres server, of the embedded one with the database
growth.           10,000 to 100,000 turns: ratio of the P50s, the larger of the tiers; 10 is linear
start.            openCaliber to the first answered search, program loaded: a new directory, an existing one
cli.callMs        a process \`caliber memory search\` against a running \`caliber up\`, from spawn to exit
http.callP50Ms    memory.search of a client over HTTP on loopback, connection kept`

/** @throws TypeError for an option that is unknown or has no sense */
export function readOptions(words: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...words],
    options: {
      json: { type: 'boolean', default: false },
      sizes: { type: 'string', default: '1000,10000,100000' },
      tiers: { type: 'string', default: allTiers },
      rounds: { type: 'string', default: '3' },
      seed: { type: 'string', default: '7' },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const sizes = values.sizes.split(',').map((text) => wholeNumber('--sizes', text, largestSize))
  return {
    json: values.json,
    tiers: readTiers(values.tiers),
    sizes: [...new Set(sizes)].sort((a, b) => a - b),
    rounds: wholeNumber('--rounds', values.rounds, mostRounds),
    seed: wholeNumber('--seed', values.seed, 2 ** 31),
    profileDir: values.profile,
  }
}
