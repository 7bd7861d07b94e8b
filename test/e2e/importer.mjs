/**
 * A process that imports a file through `openCaliber`, some lines at a time, and says what it has been told after each.
 *
 *     node importer.mjs --data-dir DIR --file FILE --lines N
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { openCaliber } from 'caliber'

const { values: options } = parseArgs({
  options: { 'data-dir': { type: 'string' }, file: { type: 'string' }, lines: { type: 'string' } },
})
const memory = await openCaliber({ dataDir: options['data-dir'], tier: 'embedded' })
const lines = readFileSync(options.file, 'utf8').split('\n').slice(0, -1)
const atOnce = Number(options.lines)
for (let from = 0; from < lines.length; from += atOnce) {
  const text = `${lines.slice(from, from + atOnce).join('\n')}\n`
  const source = path.basename(options.file)
  const { turnsAdded, turnsPresent } = await memory.transcript.import({ source, text, firstLine: from + 1 })
  process.stdout.write(`${JSON.stringify({ chunk: from / atOnce + 1, turnsAdded, turnsPresent })}\n`)
}
await memory.close()
