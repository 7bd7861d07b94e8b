import { parseArgs } from 'node:util'
import { wholeNumber } from '../wholeNumber.ts'

export interface Options {
  readonly json: boolean
  /** Items of the tenant, ascending. */
  readonly sizes: readonly number[]
  readonly rounds: number
  readonly seed: number
  readonly peers: boolean
  /** Directory for CPU profiles of the measuring processes. */
  readonly profileDir: string | undefined
}

const largestSize = 2_000_000
const mostRounds = 20

export const usage = `usage: npm run bench -- memory [--json] [--sizes 1k,10k,100k|none] [--rounds 5] [--seed 7] [--peers] [--profile DIR]

Measures how the memory of one tenant grows, and with --peers what other memories take for the same. 1M among the sizes and
--peers take long: 25 minutes and an hour where other jobs took most of both cores.

<items>.  on the native tier, and embedded.<items>. on the embedded one up to 10k. Made-up dialogue, each text different (sessions
          of 50 turns, 30 words a turn, words by Zipf's law), loaded by transcript.import. The median over the rounds of each
          round's median; no question comes twice.
          searchP50Ms       memory.search, limit 10, after 100 calls; 100 a round
          assembleP50Ms     context.assemble, 4,096 tokens, a new question in one of 5 scopes; 100 a round
          coldMs            a process opens the directory and assembles one context: database started, memory built from
                            the log, tokenizer loaded; the program itself is loaded already. Median of 3
          appendVisibleMs   turn.append of one turn to the answer of the memory.search that finds it; 50 a round
          bytesPerItem      octets of the process's heap and buffers that the built memory takes, by item
          importItemsPerSecond
growth.   the same at 1M items as a multiple of 10k, where both were measured

--peers   All five development conversations of LoCoMo (2,960 turns, 786 questions, from ../shared/data) in one store of each
          system, a turn a write; the same MiniLM vectors, looked up; each job in a process of its own without a network.
          Every conversation is a round of writes and every question is asked once, in as many rounds as --rounds says, in
          each of them the systems one after another in random order.
          <system>.writeP50Ms    one turn, answered; ours is durable then, its vector comes behind it
          <system>.searchP50Ms   the ten best turns of the question's conversation, after 20 questions
          <system>.r10           share of the turns that answer the question among those ten, percent
          ours.lexical, ours.hybrid        Caliber, embedded tier, without and with the vectors
          peer.langgraphVector, -Hybrid    PostgresStore on PGlite with pgvector, over a socket in the same process
          peer.langgraphText               PostgresStore on the bundled native Postgres, which has no pgvector
          peer.mastra                      @mastra/memory on libSQL, semantic recall
          peer.mem0                        mem0ai, infer: false, its own store on libSQL instead of better-sqlite3
          peer.serverMemory                @modelcontextprotocol/server-memory over stdio: finds what holds the whole question
          faster.lexical, faster.hybrid    searchP50Ms of the fastest peer as a multiple of ours`

/** @throws TypeError for an option that is unknown or has no sense */
export function readOptions(words: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...words],
    options: {
      json: { type: 'boolean', default: false },
      sizes: { type: 'string', default: '1k,10k,100k' },
      rounds: { type: 'string', default: '5' },
      seed: { type: 'string', default: '7' },
      peers: { type: 'boolean', default: false },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const sizes = values.sizes === 'none' ? [] : values.sizes.split(',').map(sizeOf)
  return {
    json: values.json,
    sizes: [...new Set(sizes)].sort((a, b) => a - b),
    rounds: wholeNumber('--rounds', values.rounds, mostRounds),
    seed: wholeNumber('--seed', values.seed, 2 ** 31),
    peers: values.peers,
    profileDir: values.profile,
  }
}

const units = { M: 1_000_000, k: 1_000 } as const

/** `10k` of 10,000. */
export function sizeName(items: number): string {
  for (const [letter, unit] of Object.entries(units)) if (items % unit === 0) return `${items / unit}${letter}`
  return String(items)
}

function sizeOf(text: string): number {
  const [, number = text, letter] = /^(\d+)([kM])$/.exec(text) ?? []
  const unit = letter === 'k' || letter === 'M' ? units[letter] : 1
  return wholeNumber('--sizes', number, largestSize / unit) * unit
}
