import { parseArgs } from 'node:util'
import { allTiers, readTiers, type Tier } from '../tier.ts'
import { wholeNumber } from '../wholeNumber.ts'

export interface Options {
  readonly json: boolean
  readonly tiers: readonly Tier[]
  readonly rounds: number
  readonly seed: number
}

const mostRounds = 50

export const usage = `usage: npm run bench -- walls [--json] [--tiers embedded,native] [--rounds 5] [--seed 7]

Measures what each wall costs: the same operations, through dispatch, on databases of which some walls were taken down by
replacing parts of the schema. In each round every variant runs once, in random order, in a process and a new database of
its own: 50 calls of each kind that do not count, then the median of 200. A ratio is that median over the one of the
same round with no wall at all; the figure is the median over the rounds.

write  note.record, 150 characters, durable when it answers     get  note.get     list  note.list, a page of ten

claims    claims are verified, and every row is compared with the verified tenant; without: row security is off, the
          claims are believed
regions   policies by region; without: every region of the tenant is open
fence     triggers that ask for the lease's fence, writing into a region under its lock; without: no triggers
audit     the log is a chain over the digests of content, counted against limits; without: entries are only numbered
all       all of them at once, writing into a region under its lock
free      all of them, writing into a region without a lock rule: what most writes cost

<tier>.<variant>.ratio                 of writes: claims, regions, fence, audit
<tier>.<variant>.writeRatio            of writes: all, free
<tier>.<variant>.readRatio             of reads, the worse of get and list: claims, regions, all
<tier>.<variant>.writeP50Ms getP50Ms listP50Ms   the times themselves, median over the rounds; none = no wall

What is the same on both sides of a ratio: keys and indexes, the statements of the operations, the client's signature
(HMAC, 0.01 ms), the transaction's settings. A disk that is slow to sync makes the ratios of writes look better.`

/** @throws TypeError for an option that is unknown or has no sense */
export function readOptions(words: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...words],
    options: {
      json: { type: 'boolean', default: false },
      tiers: { type: 'string', default: allTiers },
      rounds: { type: 'string', default: '5' },
      seed: { type: 'string', default: '7' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  return {
    json: values.json,
    tiers: readTiers(values.tiers),
    rounds: wholeNumber('--rounds', values.rounds, mostRounds),
    seed: wholeNumber('--seed', values.seed, 2 ** 31),
  }
}
