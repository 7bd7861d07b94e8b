/** One of the processes of main.mjs: says `{ opened }`, is told to write, and says `{ done }` with what was acknowledged. */
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { openCaliber } from 'caliber'

const { values: options } = parseArgs({
  options: {
    'data-dir': { type: 'string' },
    tier: { type: 'string' },
    'artifact-id': { type: 'string' },
    name: { type: 'string' },
    writes: { type: 'string' },
    blind: { type: 'boolean', default: false },
  },
})
const memory = await openCaliber({ dataDir: options['data-dir'], tier: options.tier })
const { trajectoryId, type, name, artifactId } = await memory.artifact.get({ artifactId: options['artifact-id'] })
say({ opened: true })
const lines = createInterface(process.stdin)
await once(lines, 'line')
const notes = []
let counts = 0
let conflicts = 0
for (let i = 0; i < Number(options.writes); i += 1) {
  if (i % 2 === 0) {
    const content = `${options.name} ${i}`
    await memory.note.record({ subject: options.name, content })
    notes.push(content)
  } else {
    await countUp()
    counts += 1
  }
}
say({ done: true, notes, counts, conflicts })
process.stdin.destroy()
await memory.close()

async function countUp() {
  for (;;) {
    const { content, revision } = await memory.artifact.get({ artifactId })
    try {
      const next = { trajectoryId, type, name, content: `${Number(content) + 1}` }
      return await memory.artifact.put(options.blind ? next : { ...next, revision })
    } catch (error) {
      if (error.code !== 'version_conflict') throw error
      conflicts += 1
    }
  }
}

function say(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`)
}
