/** `npm run evals -- NAME [--json] [--data DIR]` */
import path from 'node:path'
import { parseArgs } from 'node:util'
import { report, reportSkipped } from 'caliber-bench/report'
import { defaultFolder, readConversations } from './locomo/data.ts'
import { runLocomo } from './locomo/run.ts'

const evals: Readonly<Record<string, (options: Options) => Promise<void>>> = { locomo }

interface Options {
  readonly json: boolean
  readonly data: string | undefined
}

async function locomo({ json, data }: Options): Promise<void> {
  const folder = data === undefined ? defaultFolder : path.resolve(process.env['INIT_CWD'] ?? '.', data)
  const conversations = await readConversations(folder)
  if (!conversations) return reportSkipped('locomo', 'there is no LoCoMo data; name its folder with --data', { json })
  let shown = -1
  const figures = await runLocomo(conversations, (share) => {
    const percent = Math.floor(share * 100)
    if (process.stderr.isTTY && percent > shown)
      process.stderr.write(`\rlocomo ${percent} %${percent === 100 ? '\n' : ''}`)
    shown = percent
  })
  report('locomo', figures, { json })
}

const usage = `usage: npm run evals -- ${Object.keys(evals).join('|')} [--json] [--data DIR]`
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    data: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const chosen = evals[positionals[0] ?? '']
if (values.help) console.log(usage)
else if (chosen) await chosen({ json: values.json, data: values.data })
else {
  console.error(usage)
  process.exitCode = 2
}
