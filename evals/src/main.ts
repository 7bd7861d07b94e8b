/** `npm run evals -- NAME [--json] [--data DIR] [--vectors DIR] [--local] [--budget TOKENS] [--turns N] [--edits N] [--sources N] [--seed N]` */
import path from 'node:path'
import { parseArgs } from 'node:util'
import { type Embedder, localEmbedder } from 'caliber'
import { type Figures, report, reportSkipped } from 'caliber-bench/report'
import { wholeNumber } from 'caliber-bench/wholeNumber'
import { type Conversation, defaultFolder, readConversations } from './locomo/data.ts'
import { runLocomo } from './locomo/run.ts'
import { makeEmbedder, readEmbedder } from './locomo/vectors.ts'
import { runMaintain } from './maintain/run.ts'
import { runPrefix } from './prefix/run.ts'

/** Each over the same conversations. */
const evals: Readonly<Record<string, (data: Data, options: Options) => Promise<Figures>>> = { locomo, maintain, prefix }

interface Data {
  readonly folder: string
  readonly conversations: readonly Conversation[]
}

interface Options {
  readonly json: boolean
  readonly data?: string
  /** Folder of the vectors; the data's own where left out. */
  readonly vectors?: string
  /** Of `locomo`: vectors that the folder lacks are made here, and kept there where a folder is named. */
  readonly local: boolean
  /** Of `prefix`: tokens of each window. */
  readonly budget: string
  /** Of `prefix`: how many turns of each dialogue are replayed; all where left out. */
  readonly turns?: string
  /** Of `maintain`: random edits, sources of which one is poisoned, and what both are drawn by. */
  readonly edits: string
  readonly sources: string
  readonly seed: string
}

/** By words alone and, where there are vectors, by words and meaning. */
async function locomo(data: Data, options: Options): Promise<Figures> {
  const { conversations } = data
  const embedder = await embedderOf(data, options)
  const lexical = await runLocomo(conversations, undefined, progress('locomo lexical'))
  const hybrid = embedder && (await runLocomo(conversations, embedder, progress('locomo hybrid')))
  return { ...under('lexical', lexical), ...(hybrid && under('hybrid', hybrid)) }
}

async function embedderOf({ folder, conversations }: Data, { vectors, local }: Options): Promise<Embedder | undefined> {
  const named = vectors === undefined ? undefined : given(vectors)
  if (!local) return readEmbedder(named ?? folder, conversations)
  const model = await localEmbedder()
  try {
    return await makeEmbedder(model, named, conversations, progress('locomo vectors'))
  } finally {
    await model.close?.()
  }
}

async function prefix({ conversations }: Data, { budget, turns }: Options): Promise<Figures> {
  const size = {
    budgetTokens: wholeNumber('--budget', budget, 1_000_000),
    turns: turns === undefined ? Infinity : wholeNumber('--turns', turns, 1_000_000),
  }
  return runPrefix(conversations, size, progress('prefix'))
}

async function maintain({ conversations }: Data, { edits, sources, seed }: Options): Promise<Figures> {
  const size = {
    edits: wholeNumber('--edits', edits, 1_000_000),
    sources: wholeNumber('--sources', sources, 1_000_000),
    seed: wholeNumber('--seed', seed, 2 ** 31),
  }
  return runMaintain(conversations, size, progress('maintain'))
}

async function run(name: string, evaluate: (data: Data, options: Options) => Promise<Figures>, options: Options) {
  const { json, data } = options
  const folder = data === undefined ? defaultFolder : given(data)
  const conversations = await readConversations(folder)
  if (!conversations) return reportSkipped(name, 'there is no LoCoMo data; name its folder with --data', { json })
  report(name, await evaluate({ folder, conversations }, options), { json })
}

const given = (folder: string) => path.resolve(process.env['INIT_CWD'] ?? '.', folder)

function under(name: string, figures: Figures): Figures {
  return Object.fromEntries(Object.entries(figures).map(([key, value]) => [`${name}.${key}`, value]))
}

function progress(name: string): (share: number) => void {
  let shown = -1
  return (share) => {
    const percent = Math.floor(share * 100)
    if (process.stderr.isTTY && percent > shown)
      process.stderr.write(`\r${name} ${percent} %${percent === 100 ? '\n' : ''}`)
    shown = percent
  }
}

const usage = `usage: npm run evals -- ${Object.keys(evals).join('|')} [--json] [--data DIR] [--vectors DIR] [--local] [--budget TOKENS] [--turns N] [--edits N] [--sources N] [--seed N]`
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    data: { type: 'string' },
    vectors: { type: 'string' },
    local: { type: 'boolean', default: false },
    budget: { type: 'string', default: '4096' },
    turns: { type: 'string' },
    edits: { type: 'string', default: '1000' },
    sources: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
})
const [name = ''] = positionals
const chosen = evals[name]
if (values.help) console.log(usage)
else if (chosen) await run(name, chosen, values)
else {
  console.error(usage)
  process.exitCode = 2
}
