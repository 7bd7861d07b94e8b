/** `npm run evals -- NAME [--json] [--data DIR] [--vectors DIR]` */
import path from 'node:path'
import { parseArgs } from 'node:util'
import { type Figures, report, reportSkipped } from 'caliber-bench/report'
import { defaultFolder, readConversations } from './locomo/data.ts'
import { runLocomo } from './locomo/run.ts'
import { readEmbedder } from './locomo/vectors.ts'

const evals: Readonly<Record<string, (options: Options) => Promise<void>>> = { locomo }

interface Options {
  readonly json: boolean
  readonly data: string | undefined
  /** Folder of the vectors; the data's own where left out. */
  readonly vectors: string | undefined
}

/** By words alone and, where there are vectors, by words and meaning. */
async function locomo({ json, data, vectors }: Options): Promise<void> {
  const folder = data === undefined ? defaultFolder : given(data)
  const conversations = await readConversations(folder)
  if (!conversations) return reportSkipped('locomo', 'there is no LoCoMo data; name its folder with --data', { json })
  const embedder = await readEmbedder(vectors === undefined ? folder : given(vectors), conversations)
  const lexical = await runLocomo(conversations, undefined, progress('lexical'))
  const hybrid = embedder && (await runLocomo(conversations, embedder, progress('hybrid')))
  report('locomo', { ...under('lexical', lexical), ...(hybrid && under('hybrid', hybrid)) }, { json })
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
      process.stderr.write(`\rlocomo ${name} ${percent} %${percent === 100 ? '\n' : ''}`)
    shown = percent
  }
}

const usage = `usage: npm run evals -- ${Object.keys(evals).join('|')} [--json] [--data DIR] [--vectors DIR]`
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    data: { type: 'string' },
    vectors: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const chosen = evals[positionals[0] ?? '']
if (values.help) console.log(usage)
else if (chosen) await chosen({ json: values.json, data: values.data, vectors: values.vectors })
else {
  console.error(usage)
  process.exitCode = 2
}
