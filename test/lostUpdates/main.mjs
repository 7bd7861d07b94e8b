/**
 * Many processes write to one memory at once: is every acknowledged write there, and was none overwritten unseen?
 *
 * Each process takes turns between a note of its own and adding one to a counter that all share: it reads the artifact,
 * and stores the next number as the revision after the one it read. In the end each note must be there exactly once and the
 * counter must say how often it was counted up. Blind writers, the negative control, do not say what they read.
 *
 * Exits with 1 when anything was lost.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { openCaliber } from 'caliber'
import { commandWords } from '../../bench/dist/commandWords.js'
import { report } from '../../bench/dist/report.js'
import { start } from '../crash/program.mjs'

const options = commandWords(
  `usage: npm run test:lost-updates -- [--processes 8] [--writes 100] [--tier embedded|native|both] [--blind] [--json]

--writes   by each process
--blind    the negative control: writers that do not say which revision they read; must lose some`,
  { counts: { processes: 8, writes: 100 }, texts: { tier: 'both' }, flags: ['blind', 'json'] },
)

const figures = { processes: options.processes, writes: options.processes * options.writes }
let lost = 0
for (const tier of options.tier === 'both' ? ['embedded', 'native'] : [options.tier]) {
  const found = await writeTogether(tier)
  lost += found.lost
  for (const [name, value] of Object.entries(found)) figures[`${tier}.${name}`] = value
}
report(options.blind ? 'lostUpdates.blind' : 'lostUpdates', figures, options)
process.exitCode = lost === 0 ? 0 : 1

async function writeTogether(tier) {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'caliber-lost-'))
  // mkdtemp closes the directory to the account that a server runs under when we are root.
  fs.chmodSync(root, 0o711)
  const dataDir = path.join(root, 'memory')
  const memory = await openCaliber({ dataDir, tier })
  try {
    const { trajectoryId } = await memory.trajectory.start({ name: 'counting' })
    const { artifactId } = await memory.artifact.put({ trajectoryId, type: 'data', name: 'counter', content: '0' })
    const writers = Array.from({ length: options.processes }, (_, i) => {
      const words = ['--data-dir', dataDir, '--tier', tier, '--artifact-id', artifactId, '--name', `writer-${i}`]
      return start('../lostUpdates/writer.mjs', [
        ...words,
        '--writes',
        `${options.writes}`,
        ...(options.blind ? ['--blind'] : []),
      ])
    })
    await Promise.all(writers.map((each) => each.hears((said) => 'opened' in said)))
    const startedMs = performance.now()
    for (const each of writers) each.tell('write')
    const done = await Promise.all(writers.map((each) => each.hears((said) => 'done' in said)))
    const seconds = (performance.now() - startedMs) / 1_000
    await Promise.all(writers.map((each) => each.end()))

    const stored = await notesIn(memory)
    const noted = done.flatMap(({ notes }) => notes)
    const counted = done.reduce((sum, { counts }) => sum + counts, 0)
    const { content } = await memory.artifact.get({ artifactId })
    const lostNotes = noted.filter((text) => stored.get(text) !== 1).length
    return {
      acknowledged: noted.length + counted,
      lost: lostNotes + Math.abs(counted - Number(content)),
      unasked: stored.size - noted.length,
      conflicts: done.reduce((sum, { conflicts }) => sum + conflicts, 0),
      writesPerSecond: Math.round((noted.length + counted) / seconds),
    }
  } finally {
    await memory.close()
    fs.rmSync(root, { recursive: true, force: true })
  }
}

/** How often each content is there. */
async function notesIn(memory) {
  const times = new Map()
  let after
  do {
    const { items, next } = await memory.note.list({ limit: 100, after })
    for (const { content } of items) times.set(content, (times.get(content) ?? 0) + 1)
    after = next ?? undefined
  } while (after !== undefined)
  return times
}
