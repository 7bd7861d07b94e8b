/**
 * A process that uses a memory as any program would, and says on standard output what was acknowledged.
 *
 *     node writer.mjs --data-dir DIR --name NAME --count N [--at-once N] [--impatient]
 *
 * It opens, says `{ opened }`, and then does what it is told line by line: `write` (N records, every other one a note,
 * the rest turns), `close`. Being told that another process is just opening, it tries again, unless impatient.
 */
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { openCaliber } from 'caliber'

const { values: options } = parseArgs({
  options: {
    'data-dir': { type: 'string' },
    name: { type: 'string' },
    count: { type: 'string', default: '200' },
    'at-once': { type: 'string', default: '1' },
    impatient: { type: 'boolean', default: false },
  },
})
const patienceMs = options.impatient ? 0 : 30_000

const memory = await open()
say({ opened: true })
for await (const line of createInterface(process.stdin)) {
  if (line === 'write') void write()
  if (line === 'close') break
}
// From here on nothing but the memory could keep this process alive.
process.stdin.destroy()
await memory.close()
say({ closed: true })

async function open() {
  const untilMs = Date.now() + patienceMs
  for (;;) {
    try {
      return await openCaliber({ dataDir: options['data-dir'], tier: 'embedded' })
    } catch (error) {
      if (!error.retryable || Date.now() >= untilMs) {
        say({ refused: error.code, message: error.message })
        process.exit(1)
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

async function write() {
  const { name } = options
  const { trajectoryId } = await memory.trajectory.start({ name })
  const { scopeId } = await memory.scope.open({ trajectoryId, name })
  let next = 0
  let failed = 0
  const lane = async () => {
    while (next < Number(options.count)) {
      const content = `${name} ${next++}`
      try {
        if (next % 2 === 0) await memory.note.record({ subject: name, content })
        else await memory.turn.append({ scopeId, turns: [{ role: 'user', content }] })
        say({ acknowledged: content })
      } catch (error) {
        failed += 1
        say({ failed: content, code: error.code, message: error.message })
      }
    }
  }
  await Promise.all(Array.from({ length: Number(options['at-once']) }, lane))
  say({ done: true, failed })
}

function say(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`)
}
