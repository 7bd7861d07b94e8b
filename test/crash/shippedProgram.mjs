/**
 * PGlite as it ships, for the negative control: the same words as memoryProgram.mjs, on one table.
 *
 *     node shippedProgram.mjs write --data-dir DIR --name NAME [--batches N [--die]]
 *     node shippedProgram.mjs look
 */
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { PGlite } from '@electric-sql/pglite'
import { batch, judge } from './records.mjs'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'data-dir': { type: 'string' },
    name: { type: 'string', default: 'batch' },
    batches: { type: 'string' },
    die: { type: 'boolean', default: false },
  },
})

if (positionals[0] === 'look') {
  for await (const line of createInterface(process.stdin)) say(await look(JSON.parse(line)))
} else await write()

async function write() {
  const engine = await PGlite.create(options['data-dir'])
  await engine.exec('create table if not exists written (content text)')
  for (let i = 1; i <= Number(options.batches); i += 1) {
    const key = `${options.name}-${i}`
    await engine.query('insert into written select * from unnest($1::text[])', [batch(key, 1 + (i % 5))])
    globalThis[Symbol.for('caliber.record')]?.({ op: 'acknowledge', key })
  }
  if (options.die) process.kill(process.pid, 'SIGKILL')
  await engine.close()
}

async function look({ directory, acknowledged }) {
  try {
    const startedMs = performance.now()
    const engine = await PGlite.create(directory)
    const openMs = performance.now() - startedMs
    const { rows } = await engine.query('select content from written')
    await engine.close()
    const texts = rows.map(({ content }) => content)
    return { openMs, problems: [], ...judge(texts, acknowledged) }
  } catch (error) {
    return { refused: error.message }
  }
}

function say(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`)
}
